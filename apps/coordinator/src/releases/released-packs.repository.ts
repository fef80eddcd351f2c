import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import type { ReleasedPackState } from './release.entity.ts';
import { ReleasedPackEntity, ReleaseEntity } from './release.entity.ts';

/** Which packs are released. Knows nothing of anything else, so that counting and placing may ask it. */
@Injectable()
export class ReleasedPacksRepository {
  constructor(private readonly database: Database) {}

  async find(packIds: readonly PackId[]): Promise<ReleasedPackEntity[]> {
    const found: ReleasedPackEntity[] = [];
    for (const batch of inBatches(packIds)) found.push(...(await this.database.read.findBy(ReleasedPackEntity, { packId: In(batch) })));
    return found;
  }

  /** Those that are in hold: no longer placed or repaired. */
  async inHold(packIds: readonly PackId[]): Promise<Set<PackId>> {
    return new Set((await this.find(packIds)).filter((row) => row.state === 'released').map((row) => row.packId));
  }

  ofRelease(releaseId: string, state: ReleasedPackState): Promise<ReleasedPackEntity[]> {
    return this.database.read.find(ReleasedPackEntity, { where: { releaseId, state }, order: { packId: 'ASC' } });
  }

  /** How many releases of each vault were cancelled. */
  async generations(vaultIds: readonly VaultId[]): Promise<Map<VaultId, number>> {
    const found = new Map<VaultId, number>();
    for (const batch of inBatches(vaultIds)) {
      const rows = await this.database.read
        .createQueryBuilder(ReleaseEntity, 'r')
        .select(['r.vault_id AS vault', 'COUNT(*) AS cancelled'])
        .where({ vaultId: In(batch), state: 'cancelled' })
        .groupBy('r.vault_id')
        .getRawMany<{ vault: VaultId; cancelled: string | number }>();
      for (const { vault, cancelled } of rows) found.set(vault, Number(cancelled));
    }
    return found;
  }

  /** Bytes of a vault's packs whose release waits or holds. */
  async openBytes(vaultId: VaultId): Promise<number> {
    const row = await this.database.read
      .createQueryBuilder(ReleasedPackEntity, 'p')
      .select('SUM(p.size_bytes)', 'bytes')
      .where({ vaultId, state: In(['waiting', 'released']) })
      .getRawOne<{ bytes: string | number | null }>();
    return Number(row?.bytes ?? 0);
  }

  /** Packs in hold of a release that no member keeps any more; what a revoked device has is out of reach for good. */
  async gone(releaseId: string, limit: number): Promise<PackId[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReleasedPackEntity, 'p')
      .select('p.pack_id', 'id')
      .where('p.release_id = :releaseId AND p.state = :state', { releaseId, state: 'released' })
      .andWhere(
        `NOT EXISTS (SELECT 1 FROM replicas r JOIN devices d ON d.device_id = r.device_id WHERE r.pack_id = p.pack_id AND d.membership <> 'revoked')`,
      )
      .limit(limit)
      .getRawMany<{ id: PackId }>();
    return rows.map((row) => row.id);
  }

  /** Devices that keep, or are fetching, packs of a release. */
  async holders(releaseId: string): Promise<DeviceId[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReleasedPackEntity, 'p')
      .innerJoin('replicas', 'r', 'r.pack_id = p.pack_id')
      .select('DISTINCT r.device_id', 'device')
      .where('p.release_id = :releaseId', { releaseId })
      .getRawMany<{ device: DeviceId }>();
    return rows.map((row) => row.device);
  }

  /** Releases of packs that a device keeps or is fetching. */
  async releasesAt(deviceId: DeviceId): Promise<string[]> {
    const rows = await this.database.read
      .createQueryBuilder(ReleasedPackEntity, 'p')
      .innerJoin('replicas', 'r', 'r.pack_id = p.pack_id')
      .select('DISTINCT p.release_id', 'release')
      .where('r.device_id = :deviceId AND p.state <> :waiting', { deviceId, waiting: 'waiting' })
      .getRawMany<{ release: string }>();
    return rows.map((row) => row.release);
  }

  /** Replicas of a release's packs that are still there, by release. */
  async replicasLeft(releaseIds: readonly string[]): Promise<Map<string, number>> {
    if (releaseIds.length === 0) return new Map();
    const rows = await this.database.read
      .createQueryBuilder(ReleasedPackEntity, 'p')
      .innerJoin('replicas', 'r', 'r.pack_id = p.pack_id')
      .select(['p.release_id AS release', 'COUNT(*) AS replicas'])
      .where('p.release_id IN (:...releaseIds) AND p.state <> :live', { releaseIds, live: 'live' })
      .groupBy('p.release_id')
      .getRawMany<{ release: string; replicas: string | number }>();
    return new Map(rows.map((row) => [row.release, Number(row.replicas)]));
  }

  async save(rows: readonly ReleasedPackEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(rows, 5)) await manager.upsert(ReleasedPackEntity, batch, ['packId']);
    });
  }

  async setState(packIds: readonly PackId[], state: ReleasedPackState): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.update(ReleasedPackEntity, { packId: In(batch) }, { state });
    });
  }

  async delete(packIds: readonly PackId[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(packIds)) await manager.delete(ReleasedPackEntity, { packId: In(batch) });
    });
  }
}
