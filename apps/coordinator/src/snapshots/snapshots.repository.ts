import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { PageQuery } from '#libs/contracts';
import type { DeviceId, VaultId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { SnapshotEntity } from './snapshot.entity.ts';

export type SnapshotRow = Readonly<SnapshotEntity>;
const sortable: Readonly<Record<string, keyof SnapshotEntity>> = {
  sequence: 'sequence',
  receivedAtMs: 'receivedAtMs',
  startedAtMs: 'startedAtMs',
  endedAtMs: 'endedAtMs',
  packs: 'packs',
  protection: 'protection',
  protectedAtMs: 'protectedAtMs',
};

export interface SnapshotSummary {
  readonly deviceId: DeviceId;
  readonly snapshots: number;
  /** Sequences. */
  readonly newest: number;
  readonly newestProtected: number | null;
  /**
   * Of snapshots of everything that the device is to back up; those of named paths keep no promise about the rest. Of those that are protected now:
   * when the last became so, and up to when it covers the work (coordinator's time).
   */
  readonly capturedAtMs: number | null;
  readonly protectedAtMs: number | null;
  readonly protectedUpToMs: number | null;
  /** Of those that ever were protected: the most packs that one of them lacks again. */
  readonly packsLost: number;
}

@Injectable()
export class SnapshotsRepository {
  constructor(private readonly database: Database) {}

  ofVault(vaultId: VaultId): Promise<SnapshotEntity[]> {
    return this.database.read.find(SnapshotEntity, { where: { vaultId }, order: { sequence: 'ASC' } });
  }

  find(vaultId: VaultId, sequence: number): Promise<SnapshotEntity | null> {
    return this.database.read.findOneBy(SnapshotEntity, { vaultId, sequence });
  }

  get(snapshotId: string): Promise<SnapshotEntity | null> {
    return this.database.read.findOneBy(SnapshotEntity, { snapshotId });
  }

  /** Oldest first. */
  ofDevice(deviceId: DeviceId): Promise<SnapshotEntity[]> {
    return this.database.read.find(SnapshotEntity, { where: { deviceId }, order: { sequence: 'ASC' } });
  }

  latest(deviceId: DeviceId, limit: number): Promise<SnapshotEntity[]> {
    return this.database.read.find(SnapshotEntity, { where: { deviceId }, order: { sequence: 'DESC' }, take: limit });
  }

  async page(deviceId: DeviceId, query: PageQuery): Promise<{ rows: SnapshotEntity[]; total: number }> {
    const by = sortable[query.sort ?? 'sequence'] ?? 'sequence';
    const [rows, total] = await this.database.read.findAndCount(SnapshotEntity, {
      where: { deviceId },
      order: { [by]: query.order === 'asc' ? 'ASC' : 'DESC' },
      skip: (query.page - 1) * query.pageSize,
      take: query.pageSize,
    });
    return { rows, total };
  }

  /** What the snapshots of each device come to: one pass over the table, without its bitmaps. */
  async summaries(): Promise<SnapshotSummary[]> {
    const nowProtected = `s.protection <> 'captured'`;
    const ofEverything = 's.ad_hoc IS NULL';
    const promised = `${ofEverything} AND ${nowProtected}`;
    const spent = '(CASE WHEN s.ended_at_ms > s.started_at_ms THEN s.ended_at_ms - s.started_at_ms ELSE 0 END)';
    const rows = await this.database.read
      .createQueryBuilder(SnapshotEntity, 's')
      .select('s.device_id', 'device')
      .addSelect('COUNT(*)', 'snapshots')
      .addSelect('MAX(s.sequence)', 'newest')
      .addSelect(`MAX(CASE WHEN ${nowProtected} THEN s.sequence END)`, 'newestProtected')
      .addSelect(`MAX(CASE WHEN ${ofEverything} THEN s.received_at_ms END)`, 'capturedAtMs')
      .addSelect(`MAX(CASE WHEN ${promised} THEN s.protected_at_ms END)`, 'protectedAtMs')
      .addSelect(`MAX(CASE WHEN ${promised} THEN s.received_at_ms - ${spent} - COALESCE(s.waited_ms, 0) END)`, 'protectedUpToMs')
      .addSelect('MAX(CASE WHEN s.protected_at_ms IS NOT NULL THEN s.below_minimum ELSE 0 END)', 'packsLost')
      .groupBy('s.device_id')
      .getRawMany<Record<string, string | number | null>>();
    const number = (value: string | number | null | undefined): number | null =>
      value === null || value === undefined ? null : Number(value);
    return rows.map((row) => ({
      deviceId: row['device'] as DeviceId,
      snapshots: Number(row['snapshots']),
      newest: Number(row['newest']),
      newestProtected: number(row['newestProtected']),
      capturedAtMs: number(row['capturedAtMs']),
      protectedAtMs: number(row['protectedAtMs']),
      protectedUpToMs: number(row['protectedUpToMs']),
      packsLost: Number(row['packsLost']),
    }));
  }

  async insert(snapshot: SnapshotEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(SnapshotEntity, snapshot));
  }

  async delete(snapshotIds: readonly string[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(snapshotIds)) await manager.delete(SnapshotEntity, { snapshotId: In(batch) });
    });
  }

  async update(snapshotId: string, change: Partial<Omit<SnapshotEntity, 'snapshotId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(SnapshotEntity, { snapshotId }, change));
  }
}
