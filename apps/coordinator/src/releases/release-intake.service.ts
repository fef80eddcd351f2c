import { Inject, Injectable } from '@nestjs/common';
import type { OwnRelease, Release, SignedStatement } from '#libs/contracts';
import { release as releaseSchema } from '#libs/contracts';
import { openRelease, peekStatement, releaseHashOf } from '#libs/crypto';
import type { Clock, DeviceId } from '#libs/kernel';
import { isAppError } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { CLOCK } from '../ports/ports.module.ts';
import type { Vault } from '../vaults/vaults.service.ts';
import { ReleaseChecksService } from './release-checks.service.ts';
import { ReleaseDecisionsService } from './release-decisions.service.ts';
import { ReleaseSignersService } from './release-signers.service.ts';
import type { ReleaseRow } from './releases.repository.ts';
import { ReleasesRepository } from './releases.repository.ts';

/** Takes an owner's signed release. A usual one is countersigned at once; an unusual one waits for a person. */
@Injectable()
export class ReleaseIntakeService {
  constructor(
    private readonly releases: ReleasesRepository,
    private readonly signers: ReleaseSignersService,
    private readonly checks: ReleaseChecksService,
    private readonly decisions: ReleaseDecisionsService,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Idempotent by the statement's bytes. Throws `release_invalid` (signature, another vault or team), `release_replayed` (its number
   * was used, or a cancel came in between: sign a new one), `release_needed` (a retained snapshot needs one of the packs), and for
   * later tries `release_head_missing`, `release_too_early` (copies that replace the packs are not protected yet), `coordinator_rebuilding`.
   */
  async submit(deviceId: DeviceId, statement: SignedStatement): Promise<OwnRelease> {
    const claimed = releaseSchema.safeParse(peek(statement));
    if (!claimed.success) throw invalid('does not say what a release says');
    // It would let all other holders go as well.
    if (claimed.data.onlyHolder !== undefined) throw invalid('is a trim, meant for one holder only');
    return this.database.write(async () => {
      await this.decisions.assertOpen();
      const { vault, keys } = await this.signers.of(deviceId, claimed.data.vaultId, statement.type);
      const body = open(statement, keys);
      if (body.ownerDeviceId !== vault.deviceId) throw invalid('names another owner than the vault has');
      const known = await this.releases.find(body.releaseId);
      if (known) {
        if (known.releaseHash === releaseHashOf(statement)) return toOwn(known);
        throw replayed('has an id that another release has');
      }
      await this.#inOrder(vault, body);
      return toOwn(await this.#accept(vault, body, statement));
    });
  }

  async #inOrder(vault: Vault, body: Release): Promise<void> {
    const [last] = await this.releases.latestOf(vault.vaultId, 1);
    if (last && body.releaseSequence <= last.releaseSequence)
      throw replayed(`has the number ${body.releaseSequence}, but ${last.releaseSequence} was used already`);
    if (body.generation !== (await this.releases.cancelledOf(vault.vaultId)))
      throw replayed('was signed before another release of the vault was cancelled');
  }

  async #accept(vault: Vault, body: Release, statement: SignedStatement): Promise<ReleaseRow> {
    const nowMs = this.clock.nowMs();
    const byRoot = statement.type === 'root-release';
    const packs = await this.checks.releasable(vault, body, { byRoot });
    const verdict = await this.checks.judge(vault, packs, { byRoot, nowMs });
    const row = {
      ...{ releaseId: body.releaseId, vaultId: vault.vaultId, deviceId: vault.deviceId, releaseSequence: body.releaseSequence },
      ...{ reason: body.reason, byRoot, state: 'waiting' as const, flags: [...verdict.flags], explanation: verdict.explanation },
      ...{ packs: packs.length, bytes: packs.reduce((sum, pack) => sum + pack.sizeBytes, 0), share: verdict.share },
      ...{ snapshotsForgotten: verdict.snapshotsForgotten, statement: JSON.stringify(statement), releaseHash: releaseHashOf(statement) },
      ...{ countersign: null, cancel: null, receivedAtMs: nowMs, countersignedAtMs: null, holdUntilMs: null },
      ...{ decidedBy: null, decidedAtMs: null, replicasDeleted: 0 },
    };
    await this.releases.insert(row);
    return this.decisions.begin(row, packs);
  }
}

export const toOwn = ({ releaseId, releaseSequence, releaseHash, state, holdUntilMs, explanation }: ReleaseRow): OwnRelease => ({
  ...{ releaseId, releaseSequence, releaseHash, state, holdUntilMs, explanation },
});

function peek(statement: SignedStatement): unknown {
  try {
    return peekStatement(statement.type === 'root-release' ? 'root-release' : 'release', statement);
  } catch (cause) {
    throw invalid('can’t be read', cause);
  }
}

function open(statement: SignedStatement, keys: Parameters<typeof openRelease>[1]): Release {
  try {
    return openRelease(statement, keys);
  } catch (cause) {
    if (isAppError(cause)) throw invalid('is not signed by the vault’s owner or the team’s root', cause);
    throw cause;
  }
}

const invalid = (what: string, cause?: unknown): CoordinatorError =>
  new CoordinatorError('release_invalid', `The release ${what}.`, {
    cause,
    nextStep: 'Nothing was released. Look who sent it if this comes again.',
  });
const replayed = (what: string): CoordinatorError =>
  new CoordinatorError('release_replayed', `The release ${what}.`, {
    nextStep: 'Ask for the vault’s releases, then sign a new one with the next number and the present generation.',
  });
