import { Injectable } from '@nestjs/common';
import { In, Not } from 'typeorm';
import type { DeviceId, PeerId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import type { Membership } from './device.entity.ts';
import { DeviceEntity } from './device.entity.ts';

export type NewDevice = Pick<
  DeviceEntity,
  'deviceId' | 'peerId' | 'name' | 'site' | 'class' | 'os' | 'agentVersion' | 'signingKey' | 'boxKey' | 'enrolledAtMs' | 'joinLinkId'
>;
/** What a heartbeat says. */
export type DeviceReport = Pick<
  DeviceEntity,
  'lastSeenAtMs' | 'leaving' | 'agentVersion' | 'freeBytes' | 'availableForPacksBytes' | 'heldBytes' | 'heldPacks' | 'toGiveBackBytes'
>;

@Injectable()
export class DevicesRepository {
  constructor(private readonly database: Database) {}

  /** Every member ever, the coordinator included, in order of enrolment. */
  all(): Promise<DeviceEntity[]> {
    return this.database.read.find(DeviceEntity, { order: { enrolledAtMs: 'ASC', deviceId: 'ASC' } });
  }

  /** The devices that are backed up and hold packs: no coordinator. */
  agents(): Promise<DeviceEntity[]> {
    return this.database.read.find(DeviceEntity, { where: { class: Not('coordinator') }, order: { enrolledAtMs: 'ASC', deviceId: 'ASC' } });
  }

  find(deviceId: DeviceId): Promise<DeviceEntity | null> {
    return this.database.read.findOneBy(DeviceEntity, { deviceId });
  }

  findMany(deviceIds: readonly DeviceId[]): Promise<DeviceEntity[]> {
    return this.database.read.findBy(DeviceEntity, { deviceId: In([...deviceIds]) });
  }

  findByPeer(peerId: PeerId): Promise<DeviceEntity | null> {
    return this.database.read.findOneBy(DeviceEntity, { peerId });
  }

  async insert(device: NewDevice): Promise<void> {
    const empty = { addresses: [], membership: 'active', revokedAtMs: null, lastSeenAtMs: null, leaving: false, note: '' } as const;
    const sizes = { freeBytes: 0, availableForPacksBytes: 0, heldBytes: 0, heldPacks: 0, toGiveBackBytes: null };
    await this.database.write((manager) => manager.insert(DeviceEntity, { ...empty, addresses: [], ...sizes, ...device }));
  }

  async setMembership(deviceId: DeviceId, membership: Membership, revokedAtMs: number | null, note: string): Promise<void> {
    await this.database.write((manager) => manager.update(DeviceEntity, { deviceId }, { membership, revokedAtMs, note }));
  }

  async setAddresses(deviceId: DeviceId, addresses: string[]): Promise<void> {
    await this.database.write((manager) => manager.update(DeviceEntity, { deviceId }, { addresses }));
  }

  async saveReports(reports: ReadonlyMap<DeviceId, DeviceReport>): Promise<void> {
    await this.database.write(async (manager) => {
      for (const [deviceId, report] of reports) await manager.update(DeviceEntity, { deviceId }, report);
    });
  }
}
