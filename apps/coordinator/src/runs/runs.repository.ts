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
