import { Injectable } from '@nestjs/common';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import type { PackRow } from '../packs/packs.repository.ts';
import { ReleaseEffectsService } from './release-effects.service.ts';
import { ReleaseRecordService } from './release-record.service.ts';
import { ReleaseSealsService } from './release-seals.service.ts';
import type { ReleaseRow } from './releases.repository.ts';
import { isOver, ReleasesRepository } from './releases.repository.ts';

/** Countersigning and cancelling: the two things that a coordinator may do with an owner's release. */
@Injectable()
export class ReleaseDecisionsService {
  constructor(
    private readonly releases: ReleasesRepository,
    private readonly effects: ReleaseEffectsService,
    private readonly seals: ReleaseSealsService,
    private readonly record: ReleaseRecordService,
    private readonly database: Database,
  ) {}

  /** A new release: its hold begins, or it waits for a person. Part of the caller's transaction. */
  async begin(release: ReleaseRow, packs: readonly PackRow[]): Promise<ReleaseRow> {
    const isUnusual = release.flags.length > 0;
    await this.effects.cover(release, packs);
    const row = isUnusual ? release : await this.#countersign(release);
    await this.record.tell(row, { action: isUnusual ? 'release.wait' : 'release.accept' });
    return row;
  }

  /** Throws `coordinator_rebuilding`. */
  assertOpen(): Promise<void> {
    return this.seals.assertOpen();
  }

  /** The hold begins now. Throws `release_not_found`, `release_ended` (it does not wait), `release_needed`, `coordinator_rebuilding`. */
  async approve(releaseId: string, person: CurrentPerson): Promise<void> {
    await this.database.write(async () => {
      await this.seals.assertOpen();
      const release = await this.get(releaseId);
      if (release.state === 'holding') return;
      if (release.state !== 'waiting') throw ended(release);
      await this.effects.assertStillDead(release);
      const row = await this.#countersign(release, { decidedBy: person.email, decidedAtMs: this.seals.nowMs() });
      await this.record.tell(row, { actor: person.email, action: 'release.approve' });
    });
  }

  /**
   * Makes a release void for good: holders keep what they still have, its packs are counted and repaired again, and snapshots that
   * the owner dropped come back. Cancelling again changes nothing. `because`: for the audit log, where it is not plain. Throws
   * `release_not_found`, `release_ended`.
   */
  async cancel(releaseId: string, by: Pick<CurrentPerson, 'email'>, because?: string): Promise<void> {
    await this.database.write(async () => {
      const release = await this.get(releaseId);
      if (release.state === 'cancelled') return;
      if (release.state === 'done') throw ended(release);
      const cancel = this.seals.cancel(release);
      const nowMs = this.seals.nowMs();
      const decided = { state: 'cancelled' as const, cancel, decidedBy: by.email, decidedAtMs: nowMs };
      await this.releases.update(releaseId, decided);
      const snapshotsBack = await this.effects.revive(
        release,
        { pinnedBy: by.email, pinnedAtMs: nowMs },
        release.state === 'holding' && isOver(release, nowMs),
      );
      const detail = { snapshotsBack, ...(because === undefined ? {} : { because }) };
      await this.record.tell({ ...release, ...decided }, { actor: by.email, action: 'release.cancel', detail });
    });
  }

  /**
   * The coordinator lost its memory: what is in hold by an older database may have been cancelled since. All of it waits for a person again;
   * holders keep the packs meanwhile, since nobody confirms. Part of the caller's transaction.
   */
  async suspendAll(): Promise<void> {
    const inHold: readonly ReleaseRow[] = await this.releases.inState(['holding']);
    for (const release of inHold) {
      const change = {
        ...{ state: 'waiting' as const, countersign: null, countersignedAtMs: null, holdUntilMs: null },
        flags: [...release.flags.filter((flag) => flag !== 'restored-since'), 'restored-since' as const],
        explanation: `${release.explanation} The coordinator was restored since: somebody may have cancelled it meanwhile.`.trim(),
      };
      await this.releases.update(release.releaseId, change);
      await this.effects.suspend(release);
      await this.record.tell({ ...release, ...change }, { actor: 'coordinator', action: 'release.wait' });
    }
  }

  /** Throws `release_not_found`. */
  async get(releaseId: string): Promise<ReleaseRow> {
    const release = await this.releases.find(releaseId);
    if (!release) throw new CoordinatorError('release_not_found', 'There is no such release.', { context: { releaseId } });
    return release;
  }

  async #countersign(release: ReleaseRow, decided: Partial<ReleaseRow> = {}): Promise<ReleaseRow> {
    const change = { ...decided, ...this.seals.countersign(release), state: 'holding' as const };
    await this.releases.update(release.releaseId, change);
    await this.effects.hold(release);
    return { ...release, ...change };
  }
}

function ended({ state }: ReleaseRow): CoordinatorError {
  const message = state === 'done' ? 'The release is done: holders have deleted its packs.' : `The release is ${state}.`;
  return new CoordinatorError('release_ended', message, { nextStep: 'What is gone can’t come back; look at the device’s other releases.' });
}
