import { Injectable } from '@nestjs/common';
import type { HeldReleases, ReleaseStatements, SignedStatement } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { ReleaseEffectsService } from './release-effects.service.ts';
import { ReleaseRecordService } from './release-record.service.ts';
import { ReleaseSealsService } from './release-seals.service.ts';
import { ReleasedPacksRepository } from './released-packs.repository.ts';
import type { ReleaseRow } from './releases.repository.ts';
import { isOver, ReleasesRepository } from './releases.repository.ts';

/** What holders ask and tell. */
@Injectable()
export class ReleaseHoldsService {
  constructor(
    private readonly releases: ReleasesRepository,
    private readonly released: ReleasedPacksRepository,
    private readonly effects: ReleaseEffectsService,
    private readonly seals: ReleaseSealsService,
    private readonly record: ReleaseRecordService,
    private readonly database: Database,
  ) {}

  /** Releases of packs that a device keeps, countersigned ones and those that were cancelled. */
  async of(holder: DeviceId): Promise<HeldReleases> {
    const rows = await this.releases.findMany(await this.released.releasesAt(holder));
    return {
      releases: rows.flatMap(({ releaseId, state }) => (state === 'holding' || state === 'cancelled' ? [{ releaseId, state }] : [])),
    };
  }

  /** Statements that were countersigned, for whoever is concerned. Throws `release_not_found`. */
  async statements(asker: DeviceId, releaseId: string): Promise<ReleaseStatements> {
    const release = await this.#concerning(asker, releaseId);
    const parsed = (text: string | null): SignedStatement | null => (text === null ? null : (JSON.parse(text) as SignedStatement));
    return { release: parsed(release.statement)!, countersign: parsed(release.countersign), cancel: parsed(release.cancel) };
  }

  /**
   * The word that a holder waits for before it deletes: signed, fresh, for its nonce, with the packs that are dead at this very
   * moment. Throws `release_not_found`, `release_cancelled`, `release_hold_running`, `owner_not_gone`,
   * `coordinator_rebuilding`.
   */
  async confirm(holder: DeviceId, releaseId: string, nonce: string): Promise<SignedStatement> {
    return this.database.write(async () => {
      await this.seals.assertOpen();
      const release = await this.#over(holder, releaseId);
      await this.effects.assertFinal(release);
      await this.#reviveNeeded(release);
      const packIds = (await this.released.ofRelease(releaseId, 'released')).map((row) => row.packId);
      return this.seals.confirm(release, { holderDeviceId: holder, nonce, packIds });
    });
  }

  /** A holder deleted packs after its hold. Idempotent. Throws as {@link confirm}. */
  async deleted(holder: DeviceId, releaseId: string, packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async () => {
      const known = await this.releases.find(releaseId);
      if (known?.state === 'done') return;
      const release = await this.#over(holder, releaseId, { alsoWithoutReplicas: true });
      const replicas = await this.effects.dropReplicas(release, holder, packIds);
      await this.#finish({ ...release, replicasDeleted: release.replicasDeleted + replicas });
    });
  }

  /** Releases in hold: packs that are needed again, and those that are gone everywhere. False: nothing is forgotten at present, not by anybody else either. */
  async sweep(signal: AbortSignal): Promise<boolean> {
    if (await this.seals.isClosed()) return false;
    for (const { releaseId } of await this.releases.inState(['holding'])) {
      if (signal.aborted) return false;
      await this.database.write(async () => {
        const release = await this.releases.find(releaseId);
        if (release?.state !== 'holding') return;
        await this.#reviveNeeded(release);
        if (release.holdUntilMs! <= this.seals.nowMs()) await this.#finish(release);
      });
    }
    return true;
  }

  async #reviveNeeded(release: ReleaseRow): Promise<void> {
    const revived = await this.effects.reviveNeeded(release, isOver(release, this.seals.nowMs()));
    if (revived > 0) await this.record.tell(release, { actor: 'coordinator', action: 'release.revive', detail: { revived } });
  }

  async #finish(release: ReleaseRow): Promise<void> {
    const { releaseId, replicasDeleted } = release;
    // While the database may not know who holds them, packs without a replica are not gone; the sweep looks again.
    const done = !(await this.seals.isClosed()) && (await this.effects.finish(release));
    await this.releases.update(releaseId, { replicasDeleted, ...(done ? { state: 'done' as const } : {}) });
    if (done) await this.record.tell({ ...release, state: 'done' }, { actor: 'coordinator', action: 'release.done' });
  }

  async #over(holder: DeviceId, releaseId: string, options: { readonly alsoWithoutReplicas?: boolean } = {}): Promise<ReleaseRow> {
    const release = options.alsoWithoutReplicas ? await this.#find(releaseId) : await this.#concerning(holder, releaseId);
    if (release.state === 'cancelled')
      throw new CoordinatorError('release_cancelled', 'The release was cancelled: keep the packs.', { context: { releaseId } });
    if (release.state !== 'holding' || release.holdUntilMs! > this.seals.nowMs()) {
      throw new CoordinatorError('release_hold_running', 'The hold of this release is not over.', {
        status: 'temporary',
        context: { releaseId, holdUntilMs: release.holdUntilMs },
        nextStep: 'Keep the packs and ask again later.',
      });
    }
    return release;
  }

  /** Its owner, and devices that keep a pack of it. */
  async #concerning(asker: DeviceId, releaseId: string): Promise<ReleaseRow> {
    const release = await this.#find(releaseId);
    if (release.deviceId === asker || (await this.released.holders(releaseId)).includes(asker)) return release;
    throw notFound(releaseId);
  }

  async #find(releaseId: string): Promise<ReleaseRow> {
    const release = await this.releases.find(releaseId);
    if (!release) throw notFound(releaseId);
    return release;
  }
}

const notFound = (releaseId: string): CoordinatorError =>
  new CoordinatorError('release_not_found', 'There is no such release that concerns this device.', { context: { releaseId } });
