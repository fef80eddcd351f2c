import { Injectable } from '@nestjs/common';
import { In, LessThan } from 'typeorm';
import type { DeviceId, PackId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { ShownPackEntity } from './shown-pack.entity.ts';

export type ShownPack = Readonly<ShownPackEntity>;

@Injectable()
export class ShownPacksRepository {
  constructor(private readonly database: Database) {}

  async save(rows: readonly ShownPackEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(rows, 5)) await manager.upsert(ShownPackEntity, batch, ['packId', 'deviceId']);
    });
  }

  async of(packIds: readonly PackId[]): Promise<ShownPackEntity[]> {
    const found: ShownPackEntity[] = [];
    for (const batch of inBatches(packIds)) found.push(...(await this.database.read.findBy(ShownPackEntity, { packId: In(batch) })));
    return found;
  }

  /** They are on record now. */
  async forget(rows: readonly ShownPack[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const [deviceId, some] of Map.groupBy(rows, (row) => row.deviceId))
        for (const batch of inBatches(some))
          await manager.delete(ShownPackEntity, { deviceId, packId: In(batch.map((row) => row.packId)) });
    });
  }

  /** What a whole inventory that began then did not name is there no longer. */
  async deleteShownBefore(deviceId: DeviceId, startedAtMs: number): Promise<void> {
    await this.database.write((manager) => manager.delete(ShownPackEntity, { deviceId, shownAtMs: LessThan(startedAtMs) }));
  }

  /** Those that are announced with the size that was shown, and for which the holder is not on record, after `after` (pack id and device). */
  async adoptable(after: { readonly packId: string; readonly deviceId: string }, limit: number): Promise<ShownPackEntity[]> {
    return this.database.read
      .createQueryBuilder(ShownPackEntity, 's')
      .innerJoin('packs', 'p', 'p.pack_id = s.pack_id AND p.size_bytes = s.size_bytes AND p.vault_id = s.vault_id')
      .leftJoin('replicas', 'r', 'r.pack_id = s.pack_id AND r.device_id = s.device_id')
      .where('r.pack_id IS NULL AND p.owner_device_id <> s.device_id')
      .andWhere('(s.pack_id > :packId OR (s.pack_id = :packId AND s.device_id > :deviceId))', after)
      .orderBy('s.packId')
      .addOrderBy('s.deviceId')
      .limit(limit)
      .getMany();
  }
}
