import { Injectable } from '@nestjs/common';
import type { Release } from '#libs/contracts';
import type { ReleaseVerdict } from '#libs/durability';
import { judgeRelease } from '#libs/durability';
import type { PackId } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';
import type { PackRow } from '../packs/packs.repository.ts';
import { PacksService } from '../packs/packs.service.ts';
import { SnapshotsRepository } from '../snapshots/snapshots.repository.ts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import type { Vault } from '../vaults/vaults.service.ts';
import { ReleaseSignersService } from './release-signers.service.ts';
import { ReleasedPacksRepository } from './released-packs.repository.ts';
import type { ReleaseRow } from './releases.repository.ts';
import { ReleasesRepository } from './releases.repository.ts';
import { RetainedNeeds } from './retained-needs.ts';

/** What the coordinator can tell without any key: whether packs are needed, and whether a release looks like housekeeping. */
@Injectable()
export class ReleaseChecksService {
  constructor(
    private readonly packs: PacksService,
    private readonly snapshots: SnapshotsRepository,
    private readonly heads: KeptHeadsService,
    private readonly released: ReleasedPacksRepository,
    private readonly releases: ReleasesRepository,
    private readonly signers: ReleaseSignersService,
  ) {}

  /**
   * The packs of a release that it newly covers: announced, and in no open release. A root's release gives the whole vault up, so
   * only an owner's is held against the snapshots. Throws `release_head_missing`, `release_too_early`, `release_needed`, `release_invalid`.
   */
  async releasable(vault: Vault, body: Release, { byRoot }: { readonly byRoot: boolean }): Promise<PackRow[]> {
    const packs = await this.packs.find(body.packIds);
    if (packs.some((pack) => pack.vaultId !== vault.vaultId))
      throw new CoordinatorError('release_invalid', 'The release names a pack of another vault.', { nextStep: 'Nothing was released.' });
    if (!byRoot) {
      const head = await this.heads.current(vault);
      if (!head || head.sequence < body.headSequence) {
        throw new CoordinatorError('release_head_missing', `The vault’s head ${body.headSequence} has not arrived.`, {
          status: 'temporary',
          nextStep: 'Send the head, then the release again.',
        });
      }
      const needed = await this.stillNeeded(vault, packs);
      if (needed.length > 0) {
        throw new CoordinatorError('release_needed', `Snapshots that are kept need ${needed.length} of the ${packs.length} packs.`, {
          context: { vaultId: vault.vaultId, example: needed[0]! },
          nextStep: 'Unpin the snapshot if one is pinned. Else the device’s index is out of step: rebuild it, then prune again.',
        });
      }
      const weak = (await this.snapshots.ofVault(vault.vaultId)).filter((s) => s.protectedAtMs !== null && s.protection === 'captured');
      if (weak.length > 0) {
        throw new CoordinatorError('release_too_early', `${weak.length} snapshots of the vault have too few copies at the moment.`, {
          status: 'temporary',
          nextStep: 'Wait until repair is done; the device asks again by itself.',
        });
      }
    }
    const open = new Set((await this.released.find(body.packIds)).filter((row) => row.state !== 'live').map((row) => row.packId));
    const fresh = packs.filter((pack) => !open.has(pack.packId));
    if (byRoot && fresh.length === 0)
      throw new CoordinatorError('release_invalid', 'The release names no pack of the vault that is not being released already.', {
        nextStep: 'Nothing is left to be signed: look at the vault’s other releases.',
      });
    return fresh;
  }

  /**
   * Whether what a release says may be carried out. By the root: only once its owner is revoked, or a lost machine that turns up at the last moment would
   * go on with a vault that is being deleted.
   */
  async isFinal({ byRoot, deviceId }: Pick<ReleaseRow, 'byRoot' | 'deviceId'>): Promise<boolean> {
    return !byRoot || this.signers.isRevoked(deviceId);
  }

  /** Which of these packs a retained snapshot needs. */
  async stillNeeded(vault: Vault, packs: readonly PackRow[]): Promise<PackId[]> {
    const needs = new RetainedNeeds(await this.snapshots.ofVault(vault.vaultId), await this.heads.current(vault));
    return packs.filter((pack) => needs.needs(pack)).map((pack) => pack.packId);
  }

  async judge(
    vault: Vault,
    packs: readonly PackRow[],
    { byRoot, nowMs }: { readonly byRoot: boolean; readonly nowMs: number },
  ): Promise<ReleaseVerdict & { readonly snapshotsForgotten: number }> {
    const forgotten = await this.releases.forgottenOf(vault.vaultId);
    const before = await this.released.find(packs.map((pack) => pack.packId));
    const runs = await this.snapshots.ofVault(vault.vaultId);
    const verdict = judgeRelease(
      {
        bytes: packs.reduce((sum, pack) => sum + pack.sizeBytes, 0),
        openBytes: await this.released.openBytes(vault.vaultId),
        vaultBytes: vault.bytes,
        forgottenButKept: forgotten.filter((row) => row.keptByRules).length,
        cancelledBefore: before.filter((row) => row.state === 'live').length,
        byRoot,
        runs: [...forgotten.map((row) => JSON.parse(row.snapshot) as (typeof runs)[number]), ...runs]
          .sort((a, b) => a.sequence - b.sequence)
          .map(({ receivedAtMs, stats: { files, changedFiles, readBytes, newPackBytes } }) => ({
            ...{ receivedAtMs, files, changedFiles, readBytes, newPackBytes },
          })),
      },
      nowMs,
    );
    return { ...verdict, snapshotsForgotten: forgotten.length };
  }
}
