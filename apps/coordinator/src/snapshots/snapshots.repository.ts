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

/** Of the snapshots that are protected now: when the last became so, and up to when they cover the work (coordinator's time). */
export interface ProtectedWork {
  readonly protectedAtMs: number | null;
  readonly upToMs: number | null;
}

export interface SnapshotSummary {
  readonly deviceId: DeviceId;
  readonly snapshots: number;
  /** Sequences. */
  readonly newest: number;
  readonly newestProtected: number | null;
  /** Of snapshots of everything that the device is to back up; those of named paths keep no promise about the rest. */
  readonly capturedAtMs: number | null;
  readonly complete: ProtectedWork;
  readonly incomplete: ProtectedWork;
  /** Things that could not be read for the newest of everything; 0: none. */
  readonly unread: number;
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

  countOf(deviceId: DeviceId): Promise<number> {
    return this.database.read.countBy(SnapshotEntity, { deviceId });
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
    const spent = '(CASE WHEN s.ended_at_ms > s.started_at_ms THEN s.ended_at_ms - s.started_at_ms ELSE 0 END)';
    const upTo = `s.received_at_ms - ${spent} - COALESCE(s.waited_ms, 0)`;
    const complete = `${ofEverything} AND ${nowProtected} AND s.unread IS NULL`;
    const incomplete = `${ofEverything} AND ${nowProtected} AND s.unread IS NOT NULL`;
    const rows = await this.database.read
      .createQueryBuilder(SnapshotEntity, 's')
      .select('s.device_id', 'device')
      .addSelect('COUNT(*)', 'snapshots')
      .addSelect('MAX(s.sequence)', 'newest')
      .addSelect(`MAX(CASE WHEN ${nowProtected} THEN s.sequence END)`, 'newestProtected')
      .addSelect(`MAX(CASE WHEN ${ofEverything} THEN s.received_at_ms END)`, 'capturedAtMs')
      .addSelect(`MAX(CASE WHEN ${complete} THEN s.protected_at_ms END)`, 'completeAtMs')
      .addSelect(`MAX(CASE WHEN ${complete} THEN ${upTo} END)`, 'completeUpToMs')
      .addSelect(`MAX(CASE WHEN ${incomplete} THEN s.protected_at_ms END)`, 'incompleteAtMs')
      .addSelect(`MAX(CASE WHEN ${incomplete} THEN ${upTo} END)`, 'incompleteUpToMs')
      .addSelect(`MAX(CASE WHEN ${ofEverything} THEN s.sequence END)`, 'newestOfEverything')
      .addSelect(`MAX(CASE WHEN ${ofEverything} AND s.unread IS NOT NULL THEN s.sequence END)`, 'newestIncomplete')
      .addSelect('MAX(CASE WHEN s.protected_at_ms IS NOT NULL THEN s.below_minimum ELSE 0 END)', 'packsLost')
      .groupBy('s.device_id')
      .getRawMany<Record<string, string | number | null>>();
    const number = (value: string | number | null | undefined): number | null =>
      value === null || value === undefined ? null : Number(value);
    const isIncomplete = (row: (typeof rows)[number]): boolean =>
      row['newestIncomplete'] !== null && number(row['newestIncomplete']) === number(row['newestOfEverything']);
    const unread = await this.#unread(
      rows.filter(isIncomplete).map((row) => ({ deviceId: row['device'] as DeviceId, sequence: Number(row['newestIncomplete']) })),
    );
    return rows.map((row) => ({
      deviceId: row['device'] as DeviceId,
      snapshots: Number(row['snapshots']),
      newest: Number(row['newest']),
      newestProtected: number(row['newestProtected']),
      capturedAtMs: number(row['capturedAtMs']),
      complete: { protectedAtMs: number(row['completeAtMs']), upToMs: number(row['completeUpToMs']) },
      incomplete: { protectedAtMs: number(row['incompleteAtMs']), upToMs: number(row['incompleteUpToMs']) },
      unread: unread.get(row['device'] as DeviceId) ?? 0,
      packsLost: Number(row['packsLost']),
    }));
  }

  /** Of one incomplete snapshot a device: the things that could not be read. */
  async #unread(wanted: readonly { readonly deviceId: DeviceId; readonly sequence: number }[]): Promise<Map<DeviceId, number>> {
    const found = new Map<DeviceId, number>();
    for (const batch of inBatches(wanted, 2)) {
      const sequenceOf = new Map(batch.map((one) => [one.deviceId, one.sequence]));
      const rows = await this.database.read.find(SnapshotEntity, {
        select: { deviceId: true, sequence: true, unread: true },
        where: { deviceId: In([...sequenceOf.keys()]), sequence: In([...new Set(sequenceOf.values())]) },
      });
      for (const row of rows) if (sequenceOf.get(row.deviceId) === row.sequence) found.set(row.deviceId, row.unread ?? 0);
    }
    return found;
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
