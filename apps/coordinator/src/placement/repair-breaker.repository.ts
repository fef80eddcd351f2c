import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { RepairBreakerEntity } from './repair-breaker.entity.ts';

@Injectable()
export class RepairBreakerRepository {
  constructor(private readonly database: Database) {}

  /** Since when it is open, and since when enough devices are back; null: it is closed. */
  async stored(): Promise<{ openSinceMs: number; calmSinceMs: number | null } | null> {
    const row = await this.database.read.findOneBy(RepairBreakerEntity, { id: 1 });
    return row && row.openSinceMs !== null ? { openSinceMs: row.openSinceMs, calmSinceMs: row.calmSinceMs } : null;
  }

  async save(openSinceMs: number | null, calmSinceMs: number | null): Promise<void> {
    await this.database.write((manager) => manager.save(RepairBreakerEntity, { id: 1, openSinceMs, calmSinceMs }));
  }
}
