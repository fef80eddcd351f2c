import { Injectable } from '@nestjs/common';
import { In, IsNull, LessThan, MoreThanOrEqual, Not } from 'typeorm';
import type { DeviceId, PackId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import type { FailureWeight } from './audit-holder.entity.ts';
import { AuditDayEntity, AuditEventEntity, AuditHolderEntity } from './audit-holder.entity.ts';

export type AuditHolder = Readonly<AuditHolderEntity>;

/** The record of a device that was never audited. */
export const newHolder = (deviceId: DeviceId): AuditHolderEntity => ({
  ...{ deviceId, passed: 0, failed: 0, timedOut: 0, lastPassedAtMs: null, quarantinedAtMs: null, quarantineReason: '', passedInARow: 0 },
  ...{ failuresCountFromMs: 0, scanWantedSinceMs: null, lastScanEndedAtMs: null, lastScanPacks: 0, lastScanDamaged: 0 },
});

/** The records of holders: totals, days, and what happened. */
@Injectable()
export class AuditHoldersRepository {
  constructor(private readonly database: Database) {}

  /** One that was never audited has an empty record. */
  async get(deviceId: DeviceId): Promise<AuditHolderEntity> {
    return (await this.database.read.findOneBy(AuditHolderEntity, { deviceId })) ?? newHolder(deviceId);
  }

  async of(deviceIds: readonly DeviceId[]): Promise<AuditHolderEntity[]> {
    const found: AuditHolderEntity[] = [];
    for (const batch of inBatches(deviceIds)) found.push(...(await this.database.read.findBy(AuditHolderEntity, { deviceId: In(batch) })));
    return found;
  }

  all(): Promise<AuditHolderEntity[]> {
    return this.database.read.find(AuditHolderEntity);
  }

  quarantined(): Promise<AuditHolderEntity[]> {
    return this.database.read.findBy(AuditHolderEntity, { quarantinedAtMs: Not(IsNull()) });
  }

  /** Changes a record, or begins one. */
  async update(deviceId: DeviceId, change: Partial<Omit<AuditHolderEntity, 'deviceId'>>): Promise<void> {
    await this.database.write(async (manager) => {
      const { affected } = await manager.update(AuditHolderEntity, { deviceId }, change);
      if (affected === 0) await manager.insert(AuditHolderEntity, Object.assign(newHolder(deviceId), change));
    });
  }

  async addToDay(deviceId: DeviceId, dayMs: number, add: Pick<AuditDayEntity, 'passed' | 'failed' | 'timedOut'>): Promise<void> {
    await this.database.write(async (manager) => {
      const before = await manager.findOneBy(AuditDayEntity, { deviceId, dayMs });
      const row = {
        ...{ deviceId, dayMs, passed: (before?.passed ?? 0) + add.passed },
        ...{ failed: (before?.failed ?? 0) + add.failed, timedOut: (before?.timedOut ?? 0) + add.timedOut },
      };
      await manager.upsert(AuditDayEntity, row, ['deviceId', 'dayMs']);
    });
  }

  days(deviceId: DeviceId, sinceMs: number): Promise<AuditDayEntity[]> {
    return this.database.read.find(AuditDayEntity, { where: { deviceId, dayMs: MoreThanOrEqual(sinceMs) }, order: { dayMs: 'ASC' } });
  }

  async addEvent(event: AuditEventEntity): Promise<void> {
    await this.database.write((manager) => manager.insert(AuditEventEntity, event));
  }

  /** What speaks against a holder since a moment. */
  failuresSince(deviceId: DeviceId, sinceMs: number): Promise<AuditEventEntity[]> {
    return this.database.read.findBy(AuditEventEntity, { deviceId, atMs: MoreThanOrEqual(sinceMs), weight: In(['open', 'proved']) });
  }

  /** Decides how certain the open failures of one replica are. Returns how many there were. */
  async settleFailures(deviceId: DeviceId, packId: PackId, weight: FailureWeight): Promise<number> {
    const result = await this.database.write((manager) =>
      manager.update(AuditEventEntity, { deviceId, packId, weight: 'open' as FailureWeight }, { weight }),
    );
    return result.affected ?? 0;
  }

  async events(deviceId: DeviceId, page: { readonly page: number; readonly pageSize: number }): Promise<[AuditEventEntity[], number]> {
    return this.database.read.findAndCount(AuditEventEntity, {
      where: { deviceId },
      order: { atMs: 'DESC', eventId: 'ASC' },
      skip: (page.page - 1) * page.pageSize,
      take: page.pageSize,
    });
  }

  async forgetBefore(atMs: number): Promise<void> {
    await this.database.write(async (manager) => {
      await manager.delete(AuditEventEntity, { atMs: LessThan(atMs) });
      await manager.delete(AuditDayEntity, { dayMs: LessThan(atMs) });
    });
  }
}
