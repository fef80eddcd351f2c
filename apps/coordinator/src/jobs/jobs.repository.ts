import { Injectable } from '@nestjs/common';
import { Between, In, LessThan, LessThanOrEqual, MoreThan } from 'typeorm';
import type { JobTask } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { JobEntity } from './job.entity.ts';

const live = In(['open', 'taken']);

@Injectable()
export class JobsRepository {
  constructor(private readonly database: Database) {}

  async insert(jobs: readonly JobEntity[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(jobs, 16)) await manager.insert(JobEntity, batch);
    });
  }

  find(jobId: string): Promise<JobEntity | null> {
    return this.database.read.findOneBy(JobEntity, { jobId });
  }

  /** Open and taken jobs of a device that are due, oldest first. */
  due(deviceId: DeviceId, nowMs: number, limit: number): Promise<JobEntity[]> {
    return this.database.read.find(JobEntity, {
      where: { deviceId, state: live, notBeforeMs: LessThanOrEqual(nowMs) },
      order: { createdAtMs: 'ASC', jobId: 'ASC' },
      take: limit,
    });
  }

  dueCount(deviceId: DeviceId, nowMs: number): Promise<number> {
    return this.database.read.countBy(JobEntity, { deviceId, state: live, notBeforeMs: LessThanOrEqual(nowMs) });
  }

  liveOf(deviceId: DeviceId, kind: JobTask['kind']): Promise<JobEntity[]> {
    return this.database.read.findBy(JobEntity, { deviceId, kind, state: live });
  }

  /** Live jobs of one kind by device: how many. */
  async liveCounts(kind: JobTask['kind']): Promise<Map<DeviceId, number>> {
    const rows = await this.database.read
      .createQueryBuilder(JobEntity, 'j')
      .select(['j.device_id AS device', 'COUNT(*) AS jobs'])
      .where({ kind, state: live })
      .groupBy('j.device_id')
      .getRawMany<{ device: DeviceId; jobs: string | number }>();
    return new Map(rows.map((row) => [row.device, Number(row.jobs)]));
  }

  /** Of them, those that count as repairs in their share of a device's slots. */
  async liveShared(): Promise<Map<DeviceId, number>> {
    const rows = await this.database.read
      .createQueryBuilder(JobEntity, 'j')
      .select(['j.device_id AS device', 'COUNT(*) AS jobs'])
      .where({ kind: 'replicate', state: live, inShare: 1 })
      .groupBy('j.device_id')
      .getRawMany<{ device: DeviceId; jobs: string | number }>();
    return new Map(rows.map((row) => [row.device, Number(row.jobs)]));
  }

  /** Jobs to fetch these packs that nobody has taken. */
  async openFor(packIds: readonly PackId[]): Promise<JobEntity[]> {
    const found: JobEntity[] = [];
    for (const batch of inBatches(packIds))
      found.push(...(await this.database.read.findBy(JobEntity, { packId: In(batch), kind: 'replicate', state: 'open' })));
    return found;
  }

  leasesEndedBefore(nowMs: number): Promise<JobEntity[]> {
    return this.database.read.findBy(JobEntity, { state: 'taken', leaseUntilMs: LessThan(nowMs) });
  }

  expiredBefore(nowMs: number): Promise<JobEntity[]> {
    return this.database.read.findBy(JobEntity, { state: live, expiresAtMs: LessThan(nowMs) });
  }

  /** How often a device gave up on a pack since a moment. */
  failures(packId: PackId, deviceId: DeviceId, sinceMs: number): Promise<number> {
    return this.database.read.countBy(JobEntity, { packId, deviceId, state: 'failed', endedAtMs: MoreThan(sinceMs) });
  }

  /** Failed jobs whose pause is not over: which device, which pack. */
  async toAvoid(packIds: readonly PackId[], nowMs: number): Promise<{ packId: PackId; deviceId: DeviceId }[]> {
    const found: { packId: PackId; deviceId: DeviceId }[] = [];
    for (const batch of inBatches(packIds)) {
      const rows = await this.database.read.find(JobEntity, {
        select: { packId: true, deviceId: true },
        where: { packId: In(batch), state: 'failed', notBeforeMs: MoreThan(nowMs) },
      });
      found.push(...rows.map((row) => ({ packId: row.packId!, deviceId: row.deviceId })));
    }
    return found;
  }

  pausesEnded(sinceMs: number, nowMs: number): Promise<boolean> {
    return this.database.read.existsBy(JobEntity, { kind: 'replicate', state: 'failed', notBeforeMs: Between(sinceMs, nowMs) });
  }

  async update(jobId: string, change: Partial<Omit<JobEntity, 'jobId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(JobEntity, { jobId }, change));
  }

  async deleteEndedBefore(endedAtMs: number): Promise<void> {
    await this.database.write((manager) => manager.delete(JobEntity, { endedAtMs: LessThan(endedAtMs) }));
  }
}
