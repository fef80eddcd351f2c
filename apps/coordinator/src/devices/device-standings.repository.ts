import { Injectable } from '@nestjs/common';
import { In, IsNull, Not } from 'typeorm';
import type { DeviceId } from '#libs/kernel';
import { inBatches } from '../database/batches.ts';
import { Database } from '../database/database.ts';
import { DeviceStandingEntity } from './device-standing.entity.ts';

@Injectable()
export class DeviceStandingsRepository {
  constructor(private readonly database: Database) {}

  all(): Promise<DeviceStandingEntity[]> {
    return this.database.read.find(DeviceStandingEntity);
  }

  find(deviceId: DeviceId): Promise<DeviceStandingEntity | null> {
    return this.database.read.findOneBy(DeviceStandingEntity, { deviceId });
  }

  async of(deviceIds: readonly DeviceId[]): Promise<DeviceStandingEntity[]> {
    const found: DeviceStandingEntity[] = [];
    for (const batch of inBatches(deviceIds))
      found.push(...(await this.database.read.findBy(DeviceStandingEntity, { deviceId: In(batch) })));
    return found;
  }

  /** Devices whose packs are still to be counted again. */
  recounting(): Promise<DeviceStandingEntity[]> {
    return this.database.read.findBy(DeviceStandingEntity, { recountAfter: Not(IsNull()) });
  }

  async save(standing: DeviceStandingEntity): Promise<void> {
    await this.database.write((manager) => manager.save(DeviceStandingEntity, standing));
  }

  async update(deviceId: DeviceId, change: Partial<Omit<DeviceStandingEntity, 'deviceId'>>): Promise<void> {
    await this.database.write((manager) => manager.update(DeviceStandingEntity, { deviceId }, change));
  }
}
