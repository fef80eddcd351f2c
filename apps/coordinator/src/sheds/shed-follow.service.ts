import { Injectable } from '@nestjs/common';
import { noShed, shedAfterHeartbeat } from '#libs/durability';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import type { Device } from '../devices/devices.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { ShedRecordService } from './shed-record.service.ts';
import type { ShedRow } from './sheds.repository.ts';

/** A device off which packs are being moved, and that is short at this moment. */
export interface MovingShed {
  readonly device: Device;
  readonly shed: ShedRow;
  readonly toGiveBackBytes: number;
}

/** Follows what heartbeats say of full disks. Of a device that is not there nothing new is known: all stays as it was. */
@Injectable()
export class ShedFollowService {
  constructor(
    private readonly devices: DevicesService,
    private readonly presence: PresenceService,
    private readonly states: DeviceStatesService,
    private readonly record: ShedRecordService,
  ) {}

  /** Notes what changed. Returns the devices that packs are to be moved off now. */
  async look(nowMs: number): Promise<MovingShed[]> {
    const known = await this.record.all();
    const moving: MovingShed[] = [];
    for (const device of await this.devices.agents()) {
      const { deviceId } = device;
      const before = known.get(deviceId);
      if (device.membership !== 'active') {
        // A leaver's packs are all copied out, and nobody counts on those of a device that was revoked.
        if (before) await this.record.follow(device, before, noShed);
        continue;
      }
      if (!this.presence.isOnline(deviceId)) continue;
      const toGiveBackBytes = this.presence.get(deviceId)?.toGiveBackBytes ?? 0;
      const now = shedAfterHeartbeat(before ?? noShed, toGiveBackBytes, nowMs, this.states.settings);
      const { shortSinceMs, begunAtMs, calmSinceMs } = before ?? noShed;
      if (now.shortSinceMs !== shortSinceMs || now.begunAtMs !== begunAtMs || now.calmSinceMs !== calmSinceMs)
        await this.record.follow(device, before, now);
      const begun = now.begunAtMs !== null && toGiveBackBytes > 0;
      if (begun) moving.push({ device, toGiveBackBytes, shed: { deviceId, dayMs: 0, dayBytes: 0, obstacle: '', ...before, ...now } });
    }
    return moving;
  }
}
