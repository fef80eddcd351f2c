import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { DeviceMarkEntity } from './device-mark.entity.ts';

/** Marks as plain values. */
export type DeviceMarks = Readonly<Pick<DeviceMarkEntity, keyof DeviceMarkEntity>>;

@Injectable()
export class DeviceMarksRepository {
  constructor(private readonly database: Database) {}

  all(): Promise<DeviceMarks[]> {
    return this.database.read.find(DeviceMarkEntity);
  }

  find(deviceId: DeviceId): Promise<DeviceMarks | null> {
    return this.database.read.findOneBy(DeviceMarkEntity, { deviceId });
  }

  async save(marks: readonly DeviceMarks[]): Promise<void> {
    await this.database.write(async (manager) => {
      for (const batch of inBatches(marks, 7)) await manager.upsert(DeviceMarkEntity, batch, ['deviceId']);
    });
  }
}
