import { Inject, Injectable, Logger } from '@nestjs/common';
import { bundleDigestOf, sealBundle } from '#libs/crypto';
import type { Clock } from '#libs/kernel';
import { fromBase64Url, toBase64Url } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { ServerFacts } from '../http/server-facts.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { fingerprintOf, packContent } from './bundle-content.ts';
import { BundlesRepository } from './bundles.repository.ts';
import { TeamTablesRepository } from './team-tables.repository.ts';

/** Makes what a new coordinator would need: once a day, and soon after something in it changed. */
@Injectable()
export class BundleMakerService {
  readonly #log = new Logger('bundle');

  constructor(
    private readonly tables: TeamTablesRepository,
    private readonly bundles: BundlesRepository,
    private readonly identity: CoordinatorIdentity,
    private readonly server: ServerFacts,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Makes one when there is news, or the newest is a day old. False: nothing to do. Throws `bad_bundle` when the team is too large for one. */
  async makeIfDue(): Promise<boolean> {
    const team = await this.tables.read();
    if (!team) return false;
    const madeAtMs = this.clock.nowMs();
    const fingerprint = fingerprintOf(team.tables);
    const newest = await this.bundles.newest();
    // A clock that was put back must not leave an old one in place until it has caught up.
    const isFresh = newest && Math.abs(madeAtMs - newest.madeAtMs) < this.config.bundle.everySeconds * 1000;
    if (isFresh && newest.fingerprint === fingerprint) return false;
    const { keySeed, tls } = this.#secrets();
    const content = packContent({ version: 1, madeAtMs, coordinator: { keySeed, tls }, ...team.tables });
    const facts = {
      teamId: team.keys.teamId,
      madeAtMs,
      rosterVersion: team.tables.roster.version,
      certificate: team.tables.team.document.coordinator,
    };
    const statement = this.identity.use((secretKey) => sealBundle(content, facts, fromBase64Url(team.keys.recoveryKey), secretKey));
    const text = JSON.stringify(statement);
    const row = { digest: bundleDigestOf(statement), madeAtMs, rosterVersion: facts.rosterVersion, sizeBytes: text.length, fingerprint };
    await this.bundles.add({ ...row, statement: text });
    this.#log.log({ sizeBytes: text.length, rosterVersion: facts.rosterVersion }, 'made a bundle for a new coordinator');
    return true;
  }

  /** Files that the configuration names are their administrator's to keep. */
  #secrets(): { keySeed: string; tls: string | null } {
    const { key, certificate } = this.server.tls;
    const isOwn = this.config.tls.mode === 'self-signed';
    return { keySeed: toBase64Url(this.identity.seed), tls: isOwn ? `${key.trim()}\n${certificate.trim()}\n` : null };
  }
}
