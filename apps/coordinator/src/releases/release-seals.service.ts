import { Inject, Injectable } from '@nestjs/common';
import type { Release, ReleaseConfirm, SignedStatement } from '#libs/contracts';
import { release as releaseSchema } from '#libs/contracts';
import { peekStatement, signCancel, signConfirm, signCountersign } from '#libs/crypto';
import type { Clock } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { RebuildStateService } from '../rebuild/rebuild-state.service.ts';
import type { ReleaseRow } from './releases.repository.ts';

/** A release or a trim: the owner's statement as JSON text. */
type Signed = Pick<ReleaseRow, 'statement'>;

/** Every statement that the coordinator's key makes about a release, as JSON text. */
@Injectable()
export class ReleaseSealsService {
  constructor(
    private readonly identity: CoordinatorIdentity,
    private readonly rebuild: RebuildStateService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  nowMs(): number {
    return this.clock.nowMs();
  }

  /**
   * Throws `coordinator_rebuilding`: nothing that leads to a deletion is signed, and nothing forgotten, while the database may lack what
   * speaks against it. To be asked first by whoever does either.
   */
  assertOpen(): Promise<void> {
    return this.rebuild.assertNotFrozen();
  }

  /** Whether {@link assertOpen} would throw. */
  isClosed(): Promise<boolean> {
    return this.rebuild.isFrozen();
  }

  /** How long a release is held from its countersignature on; holders have a minimum of their own. */
  get holdMs(): number {
    return this.config.durability.release.holdSeconds * 1000;
  }

  countersign(release: Signed): { readonly countersign: string; readonly countersignedAtMs: number; readonly holdUntilMs: number } {
    const { signed, body } = statementOf(release);
    const [nowMs, { holdMs }] = [this.clock.nowMs(), this];
    const countersign = this.identity.use((key) => signCountersign(signed, body, { holdMs, atMs: nowMs }, key));
    return { countersign: JSON.stringify(countersign), countersignedAtMs: nowMs, holdUntilMs: nowMs + holdMs };
  }

  cancel(release: Signed): string {
    const { signed, body } = statementOf(release);
    return JSON.stringify(this.identity.use((key) => signCancel(signed, body, this.clock.nowMs(), key)));
  }

  confirm(release: Signed, to: Pick<ReleaseConfirm, 'holderDeviceId' | 'nonce' | 'packIds'>): SignedStatement {
    const { signed, body } = statementOf(release);
    return this.identity.use((key) => signConfirm(signed, body, { ...to, atMs: this.clock.nowMs() }, key));
  }
}

/** The owner's statement as it came, and its body; both were checked at intake. */
function statementOf(release: Signed): { signed: SignedStatement; body: Release } {
  const signed = JSON.parse(release.statement) as SignedStatement;
  return { signed, body: releaseSchema.parse(peekStatement(signed.type, signed)) };
}
