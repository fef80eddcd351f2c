import { Injectable } from '@nestjs/common';
import { LessThanOrEqual } from 'typeorm';
import { Database } from '../database/database.ts';
import { IdempotentRequestEntity } from './idempotency.entity.ts';

@Injectable()
export class IdempotencyRepository {
  constructor(private readonly database: Database) {}

  /** Claims the request: null when this is its first time, else what is known of the first. */
  async claim(requestHash: string, bodyHash: string, nowMs: number, expiresAtMs: number): Promise<IdempotentRequestEntity | null> {
    return this.database.write(async (manager) => {
      await manager.delete(IdempotentRequestEntity, { expiresAtMs: LessThanOrEqual(nowMs) });
      const known = await manager.findOneBy(IdempotentRequestEntity, { requestHash });
      if (!known) await manager.insert(IdempotentRequestEntity, { requestHash, bodyHash, status: 0, answer: '', expiresAtMs });
      return known;
    });
  }

  async keep(requestHash: string, status: number, answer: string, expiresAtMs: number): Promise<void> {
    await this.database.write((manager) => manager.update(IdempotentRequestEntity, { requestHash }, { status, answer, expiresAtMs }));
  }

  async release(requestHash: string): Promise<void> {
    await this.database.write((manager) => manager.delete(IdempotentRequestEntity, { requestHash }));
  }
}
