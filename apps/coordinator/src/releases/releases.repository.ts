import { Injectable } from '@nestjs/common';
import { In, LessThan } from 'typeorm';
import type { PageQuery, ReleaseState } from '#libs/contracts';
import type { VaultId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { ForgottenSnapshotEntity, ReleaseEntity } from './release.entity.ts';

export type ReleaseRow = Readonly<ReleaseEntity>;

/** Holders may have been told that they may delete, and not have been heard of since. */
export const isOver = ({ holdUntilMs }: Pick<ReleaseRow, 'holdUntilMs'>, nowMs: number): boolean =>
  holdUntilMs !== null && holdUntilMs <= nowMs;
const sortable: Readonly<Record<string, keyof ReleaseEntity>> = {
  receivedAtMs: 'receivedAtMs',
  state: 'state',
  bytes: 'bytes',
  share: 'share',
  holdUntilMs: 'holdUntilMs',
};

@Injectable()
export class ReleasesRepository {
  constructor(private readonly database: Database) {}

  find(releaseId: string): Promise<ReleaseEntity | null> {
    return this.database.read.findOneBy(ReleaseEntity, { releaseId });
  }

  async findMany(releaseIds: readonly string[]): Promise<ReleaseEntity[]> {
    const found: ReleaseEntity[] = [];
    for (const batch of inBatches(releaseIds)) found.push(...(await this.database.read.findBy(ReleaseEntity, { releaseId: In(batch) })));
    return found;
  }

  async insert(release: ReleaseEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(ReleaseEntity, release));
  }

  async update(releaseId: string, change: Partial<Omit<ReleaseEntity, 'releaseId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(ReleaseEntity, { releaseId }, change));
  }

  async page(query: PageQuery, state: ReleaseState | undefined): Promise<{ rows: ReleaseEntity[]; total: number }> {
    const by = sortable[query.sort ?? 'receivedAtMs'] ?? 'receivedAtMs';
    const [rows, total] = await this.database.read.findAndCount(ReleaseEntity, {
      where: state ? { state } : {},
      order: { [by]: query.order === 'asc' ? 'ASC' : 'DESC', releaseId: 'ASC' },
      skip: (query.page - 1) * query.pageSize,
      take: query.pageSize,
    });
    return { rows, total };
  }

  inState(states: readonly ReleaseState[]): Promise<ReleaseEntity[]> {
    return this.database.read.find(ReleaseEntity, { where: { state: In([...states]) }, order: { receivedAtMs: 'ASC' } });
  }

  /** By the team root, for vaults whose device is gone: those that wait or hold. */
  openByRoot(vaultId?: VaultId): Promise<ReleaseEntity[]> {
    const where = { byRoot: true, state: In<ReleaseState>(['waiting', 'holding']), ...(vaultId ? { vaultId } : {}) };
    return this.database.read.find(ReleaseEntity, { where, order: { receivedAtMs: 'ASC' } });
  }

  /** A vault's releases, newest first. */
  latestOf(vaultId: VaultId, limit: number): Promise<ReleaseEntity[]> {
    return this.database.read.find(ReleaseEntity, { where: { vaultId }, order: { releaseSequence: 'DESC' }, take: limit });
  }

  /** How many of a vault's releases were cancelled: its generation. */
  cancelledOf(vaultId: VaultId): Promise<number> {
    return this.database.read.countBy(ReleaseEntity, { vaultId, state: 'cancelled' });
  }

  async addForgotten(rows: readonly ForgottenSnapshotEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(rows, 5)) await manager.upsert(ForgottenSnapshotEntity, batch, ['snapshotId']);
    });
  }

  forgottenOf(vaultId: VaultId): Promise<ForgottenSnapshotEntity[]> {
    return this.database.read.find(ForgottenSnapshotEntity, { where: { vaultId }, order: { forgottenAtMs: 'ASC' } });
  }

  async removeForgotten(snapshotIds: readonly string[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(snapshotIds)) await manager.delete(ForgottenSnapshotEntity, { snapshotId: In(batch) });
    });
  }

  /** Those of vaults that have no open release: nothing can bring them back. */
  async purgeForgotten(beforeMs: number, exceptVaults: readonly VaultId[]): Promise<void> {
    const old = await this.database.read.find(ForgottenSnapshotEntity, {
      select: { snapshotId: true, vaultId: true },
      where: { forgottenAtMs: LessThan(beforeMs) },
    });
    const kept = new Set(exceptVaults);
    await this.removeForgotten(old.filter((row) => !kept.has(row.vaultId)).map((row) => row.snapshotId));
  }
}
