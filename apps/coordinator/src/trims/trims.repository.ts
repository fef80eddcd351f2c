import { Injectable } from '@nestjs/common';
import { In, LessThanOrEqual } from 'typeorm';
import type { PageQuery } from '#libs/contracts';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { SurplusPackEntity, TrimEntity, TrimmedPackEntity } from './trim.entity.ts';

export type TrimRow = Readonly<TrimEntity>;

@Injectable()
export class TrimsRepository {
  constructor(private readonly database: Database) {}

  find(releaseId: string): Promise<TrimRow | null> {
    return this.database.read.findOneBy(TrimEntity, { releaseId });
  }

  /** The number of the vault's last trim; 0: it has had none. */
  async lastSequence(vaultId: VaultId): Promise<number> {
    const [last] = await this.database.read.find(TrimEntity, { where: { vaultId }, order: { trimSequence: 'DESC' }, take: 1 });
    return last?.trimSequence ?? 0;
  }

  holding(): Promise<TrimRow[]> {
    return this.database.read.find(TrimEntity, { where: { state: 'holding' }, order: { receivedAtMs: 'ASC' } });
  }

  /** What concerns a holder: what runs, and what was cancelled while packs of it may still be held because of it. */
  ofHolder(holderDeviceId: DeviceId): Promise<TrimRow[]> {
    return this.database.read.find(TrimEntity, {
      where: { holderDeviceId, state: In(['holding', 'cancelled']) },
      order: { receivedAtMs: 'ASC' },
    });
  }

  async page(query: PageQuery): Promise<{ rows: TrimRow[]; total: number }> {
    const [rows, total] = await this.database.read.findAndCount(TrimEntity, {
      order: { receivedAtMs: query.order === 'asc' ? 'ASC' : 'DESC', releaseId: 'ASC' },
      skip: (query.page - 1) * query.pageSize,
      take: query.pageSize,
    });
    return { rows, total };
  }

  async insert(trim: TrimEntity, packIds: readonly PackId[]): Promise<void> {
    const { releaseId, holderDeviceId } = trim;
    await this.database.write(async (manager) => {
      await manager.insert(TrimEntity, trim);
      for (const batch of inBatches(packIds, 3))
        await manager.upsert(
          TrimmedPackEntity,
          batch.map((packId) => ({ packId, holderDeviceId, releaseId })),
          ['packId', 'holderDeviceId'],
        );
    });
  }

  async update(releaseId: string, change: Partial<Omit<TrimEntity, 'releaseId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(TrimEntity, { releaseId }, change));
  }

  async packsOf(releaseId: string): Promise<PackId[]> {
    const rows = await this.database.read.find(TrimmedPackEntity, { where: { releaseId }, order: { packId: 'ASC' } });
    return rows.map((row) => row.packId);
  }

  async dropPacks(releaseId: string, packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.delete(TrimmedPackEntity, { releaseId, packId: In(batch) });
    });
  }

  /** Packs with more effective replicas (in halves) than that, in order after `after`. */
  async packsAbove(effective: number, after: string, limit: number): Promise<PackId[]> {
    const rows = await this.database.read.query<{ id: PackId }[]>(
      this.database.kind === 'postgres'
        ? `SELECT pack_id AS id FROM packs WHERE effective > $1 AND pack_id > $2 ORDER BY pack_id LIMIT $3`
        : `SELECT pack_id AS id FROM packs WHERE effective > ? AND pack_id > ? ORDER BY pack_id LIMIT ?`,
      [effective, after, limit],
    );
    return rows.map((row) => row.id);
  }

  async surplus(): Promise<Map<PackId, SurplusPackEntity>> {
    return new Map((await this.database.read.find(SurplusPackEntity)).map((row) => [row.packId, row]));
  }

  /** An owner's packs that have been surplus since then or longer, the oldest first. */
  surplusOf(ownerDeviceId: DeviceId, sinceMs: number, limit: number): Promise<SurplusPackEntity[]> {
    return this.database.read.find(SurplusPackEntity, {
      where: { ownerDeviceId, sinceMs: LessThanOrEqual(sinceMs) },
      order: { sinceMs: 'ASC', packId: 'ASC' },
      take: limit,
    });
  }

  /** Owners that have such packs. */
  async ownersWithSurplus(sinceMs: number): Promise<DeviceId[]> {
    const rows = await this.database.read
      .createQueryBuilder(SurplusPackEntity, 's')
      .select('DISTINCT s.owner_device_id', 'owner')
      .where('s.since_ms <= :sinceMs', { sinceMs })
      .getRawMany<{ owner: DeviceId }>();
    return rows.map((row) => row.owner);
  }

  async addSurplus(rows: readonly SurplusPackEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(rows, 3)) await manager.upsert(SurplusPackEntity, batch, ['packId']);
    });
  }

  async dropSurplus(packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.delete(SurplusPackEntity, { packId: In(batch) });
    });
  }
}
