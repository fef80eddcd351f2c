import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { PackEntity } from '../packs/pack.entity.ts';

export interface HeldPart {
  readonly deviceId: DeviceId;
  readonly deviceName: string;
  readonly packs: number;
  readonly bytes: number;
}

/** The packs of a vault that no release names which waits or holds, counted by the database: a vault may have a hundred thousand. */
@Injectable()
export class RootReleasePacksRepository {
  constructor(private readonly database: Database) {}

  async sums(vaultId: VaultId): Promise<{ packs: number; bytes: number }> {
    const row = await this.#unreleased(vaultId)
      .select(['COUNT(*) AS packs', 'SUM(p.size_bytes) AS bytes'])
      .getRawOne<{ packs: string | number; bytes: string | number | null }>();
    return { packs: Number(row?.packs ?? 0), bytes: Number(row?.bytes ?? 0) };
  }

  /** The first of them in the order in which they were made. */
  async first(vaultId: VaultId, limit: number): Promise<PackId[]> {
    const rows = await this.#unreleased(vaultId).select('p.pack_id', 'id').orderBy('p.ordinal').limit(limit).getRawMany<{ id: PackId }>();
    return rows.map((row) => row.id);
  }

  /** Which members of the team keep copies of them, the most bytes first. What a revoked device has is out of reach. */
  async holders(vaultId: VaultId): Promise<HeldPart[]> {
    const rows = await this.#unreleased(vaultId)
      .innerJoin('replicas', 'r', `r.pack_id = p.pack_id AND r.status <> 'pending'`)
      .innerJoin('devices', 'd', `d.device_id = r.device_id AND d.membership <> 'revoked'`)
      .select(['d.device_id AS device', 'd.name AS name', 'COUNT(*) AS packs', 'SUM(p.size_bytes) AS bytes'])
      .groupBy('d.device_id')
      .addGroupBy('d.name')
      .getRawMany<{ device: DeviceId; name: string; packs: string | number; bytes: string | number }>();
    return rows
      .map(({ device, name, packs, bytes }) => ({ deviceId: device, deviceName: name, packs: Number(packs), bytes: Number(bytes) }))
      .sort((a, b) => b.bytes - a.bytes || a.deviceName.localeCompare(b.deviceName));
  }

  #unreleased(vaultId: VaultId): SelectQueryBuilder<PackEntity> {
    return this.database.read
      .createQueryBuilder(PackEntity, 'p')
      .where('p.vault_id = :vaultId', { vaultId })
      .andWhere(`NOT EXISTS (SELECT 1 FROM released_packs x WHERE x.pack_id = p.pack_id AND x.state <> 'live')`);
  }
}
