import { Injectable } from '@nestjs/common';
import { In, MoreThanOrEqual } from 'typeorm';
import type { PageQuery, Protection } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { SnapshotEntity } from '../snapshots/snapshot.entity.ts';
import { VaultEntity } from '../vaults/vault.entity.ts';
import { RunEntity } from './run.entity.ts';

const sortable: Readonly<Record<string, keyof RunEntity>> = {
  startedAtMs: 'startedAtMs',
  endedAtMs: 'endedAtMs',
  state: 'state',
  trigger: 'trigger',
  filesDone: 'filesDone',
  bytesDone: 'bytesDone',
  fileErrors: 'fileErrors',
};

/** Where a look over the table in order of time has come to. */
export interface RunPlace {
  readonly startedAtMs: number;
  readonly runId: string;
}

@Injectable()
export class RunsRepository {
  constructor(private readonly database: Database) {}

  find(runId: string): Promise<RunEntity | null> {
    return this.database.read.findOneBy(RunEntity, { runId });
  }

  async save(run: RunEntity): Promise<void> {
    await this.database.write((manager) => manager.save(RunEntity, run));
  }

  latest(deviceId: DeviceId, limit: number): Promise<RunEntity[]> {
    return this.database.read.find(RunEntity, { where: { deviceId }, order: { startedAtMs: 'DESC' }, take: limit });
  }

  startedSince(sinceMs: number, limit: number): Promise<RunEntity[]> {
    return this.database.read.find(RunEntity, {
      where: { startedAtMs: MoreThanOrEqual(sinceMs) },
      order: { startedAtMs: 'ASC' },
      take: limit,
    });
  }

  /** How safe the snapshots of these runs are now, by run id; runs without a known snapshot are left out. */
  async protections(runs: readonly Pick<RunEntity, 'runId' | 'snapshotSequence'>[]): Promise<Map<string, Protection>> {
    const found = new Map<string, Protection>();
    const runIds = runs.filter((run) => run.snapshotSequence !== null).map((run) => run.runId);
    for (const batch of inBatches(runIds)) {
      // By way of the vault: (vault, sequence) is the index that snapshots have.
      const rows = await this.database.read
        .createQueryBuilder(RunEntity, 'r')
        .innerJoin(VaultEntity, 'v', 'v.device_id = r.device_id')
        .innerJoin(SnapshotEntity, 's', 's.vault_id = v.vault_id AND s.sequence = r.snapshot_sequence')
        .select('r.run_id', 'id')
        .addSelect('s.protection', 'protection')
        .where({ runId: In(batch) })
        .getRawMany<{ id: string; protection: Protection }>();
      for (const { id, protection } of rows) found.set(id, protection);
    }
    return found;
  }

  /**
   * Looks at no more than `limit` of the runs that started before a moment, from `after` on in order of time, and deletes them but for the newest
   * `keepPerDevice` of each device. `next`: null when none is left to be looked at.
   */
  async deleteOld(
    { beforeMs, keepPerDevice, limit }: { readonly beforeMs: number; readonly keepPerDevice: number; readonly limit: number },
    after: RunPlace | null,
  ): Promise<{ readonly deleted: number; readonly next: RunPlace | null }> {
    return this.database.write(async (manager) => {
      const query = manager
        .createQueryBuilder(RunEntity, 'r')
        .select(['r.runId', 'r.deviceId', 'r.startedAtMs'])
        .where('r.started_at_ms < :beforeMs', { beforeMs });
      if (after)
        query.andWhere('(r.started_at_ms > :at OR (r.started_at_ms = :at AND r.run_id > :id))', { at: after.startedAtMs, id: after.runId });
      const rows = await query.orderBy('r.started_at_ms', 'ASC').addOrderBy('r.run_id', 'ASC').limit(limit).getMany();
      const oldest = new Map<DeviceId, number>();
      for (const deviceId of new Set(rows.map((row) => row.deviceId))) {
        const order = { startedAtMs: 'DESC', runId: 'DESC' } as const;
        const [last] = await manager.find(RunEntity, { where: { deviceId }, order, skip: keepPerDevice - 1, take: 1 });
        // Fewer than that: all stay.
        oldest.set(deviceId, last?.startedAtMs ?? Number.NEGATIVE_INFINITY);
      }
      const old = rows.filter((row) => row.startedAtMs < oldest.get(row.deviceId)!).map((row) => row.runId);
      for (const batch of inBatches(old)) await manager.delete(RunEntity, { runId: In(batch) });
      const end = rows.at(-1);
      return { deleted: old.length, next: rows.length < limit || !end ? null : { startedAtMs: end.startedAtMs, runId: end.runId } };
    });
  }

  async page(deviceId: DeviceId, query: PageQuery): Promise<{ rows: RunEntity[]; total: number }> {
    const by = sortable[query.sort ?? 'startedAtMs'] ?? 'startedAtMs';
    const [rows, total] = await this.database.read.findAndCount(RunEntity, {
      where: { deviceId },
      order: { [by]: query.order === 'asc' ? 'ASC' : 'DESC' },
      skip: (query.page - 1) * query.pageSize,
      take: query.pageSize,
    });
    return { rows, total };
  }
}
