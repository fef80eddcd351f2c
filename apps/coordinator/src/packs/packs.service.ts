import { Inject, Injectable } from '@nestjs/common';
import type { AnnouncePacks, PackInfo } from '#libs/contracts';
import type { Clock, DeviceId, PackId, VaultId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { ReleasedPacksRepository } from '../releases/released-packs.repository.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { lack, queue } from './pack.entity.ts';
import type { PackCounts, PackRow } from './packs.repository.ts';
import { PacksRepository } from './packs.repository.ts';
import { WorkSignal } from './work-signal.ts';

/** What is announced, and the derived counts of each pack for the features that read or recount them. */
@Injectable()
export class PacksService {
  constructor(
    private readonly packs: PacksRepository,
    private readonly vaults: VaultsService,
    private readonly released: ReleasedPacksRepository,
    private readonly signal: WorkSignal,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Takes note of an owner's packs; known ones change nothing, so a call may be repeated. All of the call or nothing.
   * Throws `vault_not_yours`, and `pack_conflict` when an ordinal has another pack, or a pack another ordinal, size or vault.
   */
  async announce(deviceId: DeviceId, { vaultId, packs }: AnnouncePacks): Promise<{ added: number }> {
    return this.database.write(async () => {
      const vault = await this.vaults.claim(vaultId, deviceId);
      const fresh = await this.#unknown(vaultId, packs);
      if (fresh.length === 0) return { added: 0 };
      const announcedAtMs = this.clock.nowMs();
      const counts: PackCounts = { effective: 0, lack: lack.belowMinimum, queue: queue.wanting, parkedFor: '' };
      await this.packs.insert(fresh.map((pack) => ({ ...pack, vaultId, ownerDeviceId: deviceId, announcedAtMs, ...counts })));
      await this.vaults.addPacks(
        vault,
        fresh.length,
        fresh.reduce((sum, pack) => sum + pack.sizeBytes, 0),
      );
      this.signal.raise();
      return { added: fresh.length };
    });
  }

  find(packIds: readonly PackId[]): Promise<PackRow[]> {
    return this.packs.find(packIds);
  }

  /** Throws `pack_not_found`. */
  async get(vaultId: VaultId, packId: PackId): Promise<PackRow> {
    const [pack] = await this.packs.find([packId]);
    if (pack?.vaultId !== vaultId)
      throw new CoordinatorError('pack_not_found', 'There is no such pack in this vault.', { context: { vaultId, packId } });
    return pack;
  }

  /** Effective replicas by ordinal of a whole vault. */
  async effectiveOf(vaultId: VaultId): Promise<Map<number, number>> {
    return new Map((await this.packs.effectiveOf(vaultId)).map(({ ordinal, effective }) => [ordinal, effective / 2]));
  }

  wanting(limit: number): Promise<PackRow[]> {
    return this.packs.wanting(limit);
  }

  /** Those of them that are new, while the coordinator gets its memory back. */
  wantingNew(which: { readonly memoryId: string; readonly joinedAfterMs: number | null }, limit: number): Promise<PackRow[]> {
    return this.packs.wantingNew(which, limit);
  }

  setCounts(packIds: readonly PackId[], counts: Partial<PackCounts>): Promise<void> {
    return this.packs.setCounts(packIds, counts);
  }

  /** They were released and nobody keeps them any more. Returns their bytes. Part of the caller's transaction. */
  async remove(packIds: readonly PackId[]): Promise<number> {
    const bytes = (await this.packs.find(packIds)).reduce((sum, pack) => sum + pack.sizeBytes, 0);
    await this.packs.delete(packIds);
    return bytes;
  }

  /** Those whose release is in hold: no longer placed or repaired. */
  inHold(packIds: readonly PackId[]): Promise<Set<PackId>> {
    return this.released.inHold(packIds);
  }

  /** How often a release of each of these vaults was cancelled; vaults of which none was are left out. */
  generations(vaultIds: readonly VaultId[]): Promise<Map<VaultId, number>> {
    return this.released.generations([...new Set(vaultIds)]);
  }

  /** Puts packs aside until something changes that could help them. */
  park(packIds: readonly PackId[], parkedFor: string): Promise<void> {
    return this.packs.setCounts(packIds, { queue: queue.parked, parkedFor });
  }

  /** Something changed: every parked pack is looked at again. Returns how many those are. */
  async unpark(): Promise<number> {
    const packs = await this.packs.unpark();
    if (packs > 0) this.signal.raise();
    return packs;
  }

  /** Lets the planner look whether there is something to do. */
  wake(): void {
    this.signal.raise();
  }

  idsAfter(after: string, limit: number): Promise<PackId[]> {
    return this.packs.idsAfter(after, limit);
  }

  byEffective(): Promise<{ effective: number; packs: number }[]> {
    return this.packs.byEffective();
  }

  backlog(): Promise<{ packs: number; bytes: number }> {
    return this.packs.backlog();
  }

  parkedFor(): Promise<{ code: string; packs: number }[]> {
    return this.packs.parkedFor();
  }

  async #unknown(vaultId: VaultId, packs: readonly PackInfo[]): Promise<PackInfo[]> {
    const known = await this.packs.find(packs.map((p) => p.packId));
    const taken = await this.packs.atOrdinals(
      vaultId,
      packs.map((p) => p.ordinal),
    );
    const byId = new Map<PackId, PackInfo & { vaultId: VaultId }>(known.map((p) => [p.packId, p]));
    const byOrdinal = new Map<number, PackId>(taken.map((p) => [p.ordinal, p.packId]));
    const fresh: PackInfo[] = [];
    for (const pack of packs) {
      const same = byId.get(pack.packId);
      const there = byOrdinal.get(pack.ordinal);
      if (
        same &&
        (same.vaultId !== vaultId || same.ordinal !== pack.ordinal || same.sizeBytes !== pack.sizeBytes || same.kind !== pack.kind)
      ) {
        throw conflict(pack, 'was announced before with another number, size or kind');
      }
      if (there !== undefined && there !== pack.packId) throw conflict(pack, `has the number ${pack.ordinal}, which another pack has`);
      if (same) continue;
      byId.set(pack.packId, { ...pack, vaultId });
      byOrdinal.set(pack.ordinal, pack.packId);
      fresh.push(pack);
    }
    return fresh;
  }
}

const conflict = (pack: PackInfo, what: string): CoordinatorError =>
  new CoordinatorError('pack_conflict', `The pack ${pack.packId} ${what}.`, {
    context: { packId: pack.packId, ordinal: pack.ordinal },
    nextStep: 'Rebuild the device’s local index from its packs, then back up again.',
  });
