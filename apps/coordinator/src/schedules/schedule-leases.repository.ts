import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { ScheduleLeaseEntity } from './schedule-lease.entity.ts';

@Injectable()
export class ScheduleLeasesRepository {
  constructor(private readonly database: Database) {}

  /** True when `holder` now has the lease until `untilMs`: it was free, or its holder let it run out. */
  async take(name: string, holder: string, nowMs: number, untilMs: number): Promise<boolean> {
    return this.database.write(async (manager) => {
      const lease = await manager.findOneBy(ScheduleLeaseEntity, { name });
      if (lease?.holder && lease.holder !== holder && lease.leasedUntilMs > nowMs) return false;
      await manager.save(ScheduleLeaseEntity, {
        name,
        holder,
        leasedUntilMs: untilMs,
        lastStartedAtMs: nowMs,
        lastEndedAtMs: lease?.lastEndedAtMs ?? null,
      });
      return true;
    });
  }

  /** False when the lease has gone to somebody else. */
  async renew(name: string, holder: string, untilMs: number): Promise<boolean> {
    const { affected } = await this.database.write((manager) =>
      manager.update(ScheduleLeaseEntity, { name, holder }, { leasedUntilMs: untilMs }),
    );
    return affected === 1;
  }

  async giveBack(name: string, holder: string, nowMs: number): Promise<void> {
    await this.database.write((manager) =>
      manager.update(ScheduleLeaseEntity, { name, holder }, { holder: null, leasedUntilMs: nowMs, lastEndedAtMs: nowMs }),
    );
  }

  find(name: string): Promise<ScheduleLeaseEntity | null> {
    return this.database.read.findOneBy(ScheduleLeaseEntity, { name });
  }
}
