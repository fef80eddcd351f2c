import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { PageQuery } from '#libs/contracts';
import type { DeviceId, VaultId } from '#libs/kernel';
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

const summaryColumns = {
  deviceId: true,
  sequence: true,
  receivedAtMs: true,
  startedAtMs: true,
  endedAtMs: true,
  protection: true,
  protectedAtMs: true,
  belowMinimum: true,
  partial: true,
} as const;

@Injectable()
export class SnapshotsRepository {
  constructor(private readonly database: Database) {}

  ofVault(vaultId: VaultId): Promise<SnapshotEntity[]> {
    return this.database.read.find(SnapshotEntity, { where: { vaultId }, order: { sequence: 'ASC' } });
  }

  find(vaultId: VaultId, sequence: number): Promise<SnapshotEntity | null> {
    return this.database.read.findOneBy(SnapshotEntity, { vaultId, sequence });
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

  /** Of every device: how many, the newest, the newest that is protected now, and when one was last protected. One pass over the table without its bitmaps. */
  async summaries(deviceIds?: readonly DeviceId[]): Promise<SnapshotSummary[]> {
    const rows = await this.database.read.find(SnapshotEntity, {
      select: summaryColumns,
      ...(deviceIds ? { where: { deviceId: In([...deviceIds]) } } : {}),
      order: { deviceId: 'ASC', sequence: 'ASC' },
    });
    return rows;
  }

  async insert(snapshot: SnapshotEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(SnapshotEntity, snapshot));
  }

  async update(snapshotId: string, change: Partial<Omit<SnapshotEntity, 'snapshotId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(SnapshotEntity, { snapshotId }, change));
  }
}

export type SnapshotSummary = Pick<SnapshotEntity, keyof typeof summaryColumns>;
