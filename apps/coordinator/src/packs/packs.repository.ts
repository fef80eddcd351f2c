import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { PackEntity, lack, queue } from './pack.entity.ts';

export type PackRow = Readonly<PackEntity>;
/** What a recount writes. */
export type PackCounts = Pick<PackEntity, 'effective' | 'lack' | 'queue' | 'parkedFor'>;

@Injectable()
export class PacksRepository {
  constructor(private readonly database: Database) {}

  async insert(packs: readonly PackEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packs, 11)) await manager.insert(PackEntity, batch);
    });
  }

  async find(packIds: readonly PackId[]): Promise<PackEntity[]> {
    const found: PackEntity[] = [];
    for (const batch of inBatches(packIds)) found.push(...(await this.database.read.findBy(PackEntity, { packId: In(batch) })));
    return found;
  }

  async atOrdinals(vaultId: VaultId, ordinals: readonly number[]): Promise<PackEntity[]> {
    const found: PackEntity[] = [];
    for (const batch of inBatches(ordinals)) found.push(...(await this.database.read.findBy(PackEntity, { vaultId, ordinal: In(batch) })));
    return found;
  }

  /** Ordinal and effective replicas (halves) of every pack of a vault. */
  async effectiveOf(vaultId: VaultId): Promise<{ ordinal: number; effective: number }[]> {
    const rows = await this.database.read
      .createQueryBuilder(PackEntity, 'p')
      .select(['p.ordinal AS ordinal', 'p.effective AS effective'])
      .where('p.vault_id = :vaultId', { vaultId })
      .getRawMany<{ ordinal: string | number; effective: string | number }>();
    return rows.map((row) => ({ ordinal: Number(row.ordinal), effective: Number(row.effective) }));
  }

  /** Packs that want copies, fewest effective replicas first. */
  wanting(limit: number): Promise<PackEntity[]> {
    return this.database.read.find(PackEntity, {
      where: { queue: queue.wanting },
      order: { effective: 'ASC', packId: 'ASC' },
      take: limit,
    });
  }

  /**
   * As {@link wanting}, of packs that were announced after their owner had reported everything for a memory, or whose owner joined after
   * `joinedAfterMs` (null: none of those). They are new, while what the others lack may only be unknown.
   */
  wantingNew({ memoryId, joinedAfterMs }: { memoryId: string; joinedAfterMs: number | null }, limit: number): Promise<PackEntity[]> {
    return this.database.read
      .createQueryBuilder(PackEntity, 'p')
      .innerJoin('devices', 'd', 'd.device_id = p.owner_device_id')
      .leftJoin('rebuild_reports', 'r', 'r.device_id = p.owner_device_id AND r.memory_id = :memoryId', { memoryId })
      .where('p.queue = :wanting', { wanting: queue.wanting })
      .andWhere('(p.announced_at_ms > r.reported_at_ms OR d.enrolled_at_ms > :joinedAfterMs)', { joinedAfterMs })
      .orderBy('p.effective')
      .addOrderBy('p.packId')
      .limit(limit)
      .getMany();
  }

  /** Writes the same counts to many packs with few statements. */
  async setCounts(packIds: readonly PackId[], counts: Partial<PackCounts>): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.update(PackEntity, { packId: In(batch) }, counts);
    });
  }

  async delete(packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.delete(PackEntity, { packId: In(batch) });
    });
  }

  /** Gives every parked pack another chance. Returns how many there were. */
  async unpark(): Promise<number> {
    const parked = await this.database.read.countBy(PackEntity, { queue: queue.parked });
    if (parked > 0) {
      await this.database.write((manager) => manager.update(PackEntity, { queue: queue.parked }, { queue: queue.wanting, parkedFor: '' }));
    }
    return parked;
  }

  /** Ids of all packs in order, after `after`: for going through everything in batches. */
  async idsAfter(after: string, limit: number, owner?: DeviceId): Promise<PackId[]> {
    const query = this.database.read
      .createQueryBuilder(PackEntity, 'p')
      .select('p.pack_id', 'id')
      .where('p.pack_id > :after', { after })
      .orderBy('p.pack_id')
      .limit(limit);
    if (owner) query.andWhere('p.owner_device_id = :owner', { owner });
    return (await query.getRawMany<{ id: PackId }>()).map((row) => row.id);
  }

  /** Packs by effective replicas in halves. Reads an index, no table. */
  async byEffective(): Promise<{ effective: number; packs: number }[]> {
    const rows = await this.database.read
      .createQueryBuilder(PackEntity, 'p')
      .select(['p.effective AS effective', 'COUNT(*) AS packs'])
      .groupBy('p.effective')
      .getRawMany<{ effective: string | number; packs: string | number }>();
    return rows.map((row) => ({ effective: Number(row.effective), packs: Number(row.packs) }));
  }

  /** Packs below their target: count and bytes. */
  async backlog(): Promise<{ packs: number; bytes: number }> {
    const row = await this.database.read
      .createQueryBuilder(PackEntity, 'p')
      .select(['COUNT(*) AS packs', 'SUM(p.size_bytes) AS bytes'])
      .where('p.lack > :none', { none: lack.none })
      .getRawOne<{ packs: string | number; bytes: string | number | null }>();
    return { packs: Number(row?.packs ?? 0), bytes: Number(row?.bytes ?? 0) };
  }

  /** Why packs are parked, and how many for each reason. */
  async parkedFor(): Promise<{ code: string; packs: number }[]> {
    const rows = await this.database.read
      .createQueryBuilder(PackEntity, 'p')
      .select(['p.parked_for AS code', 'COUNT(*) AS packs'])
      .where('p.queue = :parked', { parked: queue.parked })
      .groupBy('p.parked_for')
      .getRawMany<{ code: string; packs: string | number }>();
    return rows.map((row) => ({ code: row.code, packs: Number(row.packs) }));
  }
}
