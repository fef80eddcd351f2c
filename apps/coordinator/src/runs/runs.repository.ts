import { Injectable } from '@nestjs/common';
import { MoreThanOrEqual } from 'typeorm';
import type { PageQuery } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
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
