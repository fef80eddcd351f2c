import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { ShedEntity } from './shed.entity.ts';

export type ShedRow = Readonly<ShedEntity>;

@Injectable()
export class ShedsRepository {
  constructor(private readonly database: Database) {}

  async all(): Promise<Map<DeviceId, ShedRow>> {
    return new Map((await this.database.read.find(ShedEntity)).map((row) => [row.deviceId, row]));
  }

  async save(row: ShedRow): Promise<void> {
    await this.database.write((manager) => manager.save(ShedEntity, row));
  }

  async delete(deviceId: DeviceId): Promise<void> {
    await this.database.write((manager) => manager.delete(ShedEntity, { deviceId }));
  }
}
