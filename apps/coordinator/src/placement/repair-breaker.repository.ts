import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { RepairBreakerEntity } from './repair-breaker.entity.ts';

@Injectable()
export class RepairBreakerRepository {
  constructor(private readonly database: Database) {}

  async openSinceMs(): Promise<number | null> {
    return (await this.database.read.findOneBy(RepairBreakerEntity, { id: 1 }))?.openSinceMs ?? null;
  }

  async save(openSinceMs: number | null): Promise<void> {
    await this.database.write((manager) => manager.save(RepairBreakerEntity, { id: 1, openSinceMs }));
  }
}
