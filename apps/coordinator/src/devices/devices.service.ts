import { Injectable } from '@nestjs/common';
import type { DeviceId, PeerId } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';
import type { DeviceEntity } from './device.entity.ts';
import type { DeviceReport, NewDevice } from './devices.repository.ts';
import { DevicesRepository } from './devices.repository.ts';

/** An enrolled device as the database has it; the newest heartbeat is in `PresenceService`. */
export type Device = Readonly<DeviceEntity>;

/** The members of the team, for every other feature. Changing who is one is for enrolment and roster. */
@Injectable()
export class DevicesService {
  constructor(private readonly devices: DevicesRepository) {}

  /** Every member ever, revoked ones and the coordinator included, in order of enrolment. */
  members(): Promise<Device[]> {
    return this.devices.all();
  }

  /** The devices that are backed up and hold packs (no coordinator), revoked ones included. */
  agents(): Promise<Device[]> {
    return this.devices.agents();
  }

  find(deviceId: DeviceId): Promise<Device | null> {
    return this.devices.find(deviceId);
  }

  /** Throws `device_not_found`. */
  async get(deviceId: DeviceId): Promise<Device> {
    const device = await this.devices.find(deviceId);
    if (!device) throw new CoordinatorError('device_not_found', 'There is no such device.', { context: { deviceId } });
    return device;
  }

  findByPeer(peerId: PeerId): Promise<Device | null> {
    return this.devices.findByPeer(peerId);
  }

  add(device: NewDevice): Promise<void> {
    return this.devices.insert(device);
  }

  revoke(deviceId: DeviceId, atMs: number, note: string): Promise<void> {
    return this.devices.setMembership(deviceId, 'revoked', atMs, note);
  }

  /** Draining, or a full member again. The caller sees to the roster. */
  setMembership(deviceId: DeviceId, membership: 'active' | 'draining'): Promise<void> {
    return this.devices.setMembership(deviceId, membership, null, '');
  }

  setAddresses(deviceId: DeviceId, addresses: string[]): Promise<void> {
    return this.devices.setAddresses(deviceId, addresses);
  }

  saveReports(reports: ReadonlyMap<DeviceId, DeviceReport>): Promise<void> {
    return this.devices.saveReports(reports);
  }
}
