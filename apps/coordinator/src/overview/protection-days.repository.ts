import { Injectable } from '@nestjs/common';
import { MoreThanOrEqual } from 'typeorm';
import { Database } from '../database/database.ts';
import { ProtectionDayEntity } from './protection-day.entity.ts';

@Injectable()
export class ProtectionDaysRepository {
  constructor(private readonly database: Database) {}

  since(dayMs: number): Promise<ProtectionDayEntity[]> {
    return this.database.read.find(ProtectionDayEntity, { where: { dayMs: MoreThanOrEqual(dayMs) }, order: { dayMs: 'ASC' } });
  }

  /** Keeps the worse of what is there and the sample. */
  async sample(sample: ProtectionDayEntity): Promise<void> {
    await this.database.write(async (manager) => {
      const before = await manager.findOneBy(ProtectionDayEntity, { dayMs: sample.dayMs });
      if (before && before.atRisk >= sample.atRisk) return;
      await manager.save(ProtectionDayEntity, sample);
    });
  }
}
