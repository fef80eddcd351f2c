import { Injectable } from '@nestjs/common';
import type { PackId } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';
import type { PackRow } from '../packs/packs.repository.ts';
import { PacksService } from '../packs/packs.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { ReleaseChecksService } from './release-checks.service.ts';
import { ReleasedPacksRepository } from './released-packs.repository.ts';
import type { ReleaseRow } from './releases.repository.ts';
import { SnapshotReturnService } from './snapshot-return.service.ts';

/** Packs counted again in one go: a release may have thousands. */
const BATCH = 500;

/** What a release does to packs and snapshots. Every call is part of the caller's transaction. */
@Injectable()
export class ReleaseEffectsService {
  constructor(
    private readonly released: ReleasedPacksRepository,
    private readonly packs: PacksService,
    private readonly replicas: ReplicasService,
    private readonly vaults: VaultsService,
    private readonly returning: SnapshotReturnService,
    private readonly checks: ReleaseChecksService,
  ) {}

  /** Notes which packs it is about; they stay as they are. */
  async cover({ releaseId, vaultId }: ReleaseRow, packs: readonly PackRow[]): Promise<void> {
    await this.released.save(packs.map(({ packId, sizeBytes }) => ({ packId, releaseId, vaultId, sizeBytes, state: 'waiting' })));
  }

  /** They are no longer placed or repaired. */
  async hold({ releaseId }: ReleaseRow): Promise<void> {
    await this.#turn(
      (await this.released.ofRelease(releaseId, 'waiting')).map((row) => row.packId),
      'released',
    );
  }

  /** They wait for a person again: counted and repaired as ever. */
  async suspend({ releaseId }: ReleaseRow): Promise<void> {
    await this.#turn(
      (await this.released.ofRelease(releaseId, 'released')).map((row) => row.packId),
      'waiting',
    );
  }

  /**
   * Everything counts and is repaired again; `mayBeGone`: what holders then still name. Returns how many forgotten snapshots came back, pinned by
   * who cancelled.
   */
  async revive(
    { releaseId, vaultId }: ReleaseRow,
    by: { readonly pinnedBy: string; readonly pinnedAtMs: number },
    mayBeGone: boolean,
  ): Promise<number> {
    const rows = [...(await this.released.ofRelease(releaseId, 'waiting')), ...(await this.released.ofRelease(releaseId, 'released'))];
    await this.#live(
      rows.map((row) => row.packId),
      mayBeGone,
    );
    return this.returning.bringBack(await this.vaults.get(vaultId), by);
  }

  /** Throws `owner_not_gone`: the vault was given up for a lost device, which is not revoked (yet). */
  async assertFinal(release: ReleaseRow): Promise<void> {
    if (await this.checks.isFinal(release)) return;
    throw new CoordinatorError('owner_not_gone', 'The device whose vault is given up is still a member of the team.', {
      context: { releaseId: release.releaseId },
      nextStep: 'Keep the packs and ask again later.',
    });
  }

  /** Throws `release_needed`. */
  async assertStillDead(release: ReleaseRow): Promise<void> {
    const needed = await this.#needed(release, 'waiting');
    if (needed.length === 0) return;
    throw new CoordinatorError('release_needed', `Snapshots that are kept need ${needed.length} of its packs by now.`, {
      nextStep: 'Cancel it; the device proposes what is really dead again.',
    });
  }

  /** Packs in hold that a retained snapshot needs by now are live again, see {@link revive}. Returns how many. */
  async reviveNeeded(release: ReleaseRow, mayBeGone: boolean): Promise<number> {
    const needed = await this.#needed(release, 'released');
    await this.#live(needed, mayBeGone);
    return needed.length;
  }

  /** A holder deleted its replicas, also of packs that are wanted again since. Returns how many there were. */
  async dropReplicas({ releaseId }: ReleaseRow, deviceId: ReleaseRow['deviceId'], packIds: readonly PackId[]): Promise<number> {
    const rows = [...(await this.released.ofRelease(releaseId, 'released')), ...(await this.released.ofRelease(releaseId, 'live'))];
    const covered = new Set(rows.map((row) => row.packId));
    return this.replicas.deleted(
      deviceId,
      packIds.filter((packId) => covered.has(packId)),
    );
  }

  /**
   * Packs that nobody keeps any more are forgotten altogether, and with those of a vault that was given up the snapshots that need them. True
   * when none of the release is left.
   */
  async finish(release: ReleaseRow): Promise<boolean> {
    if (!(await this.checks.isFinal(release))) return false;
    const { releaseId, vaultId, byRoot } = release;
    for (let first = true; ; first = false) {
      const gone = await this.released.gone(releaseId, BATCH);
      if (gone.length === 0) {
        if (byRoot && !first) await this.returning.dropIncomplete(await this.vaults.get(vaultId));
        break;
      }
      await this.replicas.forget(gone);
      const bytes = await this.packs.remove(gone);
      await this.vaults.addPacks(await this.vaults.get(vaultId), -gone.length, -bytes);
      await this.released.delete(gone);
    }
    return (await this.released.ofRelease(releaseId, 'released')).length === 0;
  }

  async #needed({ releaseId, vaultId, byRoot }: ReleaseRow, state: 'waiting' | 'released'): Promise<PackId[]> {
    if (byRoot) return [];
    const rows = await this.released.ofRelease(releaseId, state);
    return this.checks.stillNeeded(await this.vaults.get(vaultId), await this.packs.find(rows.map((row) => row.packId)));
  }

  async #live(packIds: readonly PackId[], mayBeGone: boolean): Promise<void> {
    await this.#turn(packIds, 'live');
    if (mayBeGone) for (let at = 0; at < packIds.length; at += BATCH) await this.replicas.doubt(packIds.slice(at, at + BATCH));
  }

  async #turn(packIds: readonly PackId[], state: 'released' | 'live' | 'waiting'): Promise<void> {
    await this.released.setState(packIds, state);
    for (let at = 0; at < packIds.length; at += BATCH) await this.replicas.recount(packIds.slice(at, at + BATCH));
    this.packs.wake();
  }
}
