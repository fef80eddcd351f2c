import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import type { Device } from '../devices/devices.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { RosterService } from '../roster/roster.service.ts';
import { SweepSchedule } from './sweep-schedule.ts';

/** What people decide about a device. Each decision is one transaction with its entry in the audit log; deciding again changes nothing. */
@Injectable()
export class DeviceDecisionsService {
  constructor(
    private readonly devices: DevicesService,
    private readonly states: DeviceStatesService,
    private readonly roster: RosterService,
    private readonly auditLog: AuditLogService,
    private readonly sweep: SweepSchedule,
    private readonly database: Database,
  ) {}

  /** A leaver: its packs are copied out before it goes. Throws `device_not_found`, `device_revoked`. */
  async drain(deviceId: DeviceId, person: CurrentPerson): Promise<void> {
    await this.#decide(deviceId, person, 'device.drain', async (device) => {
      if (device.membership === 'draining') return false;
      await this.devices.setMembership(deviceId, 'draining');
      await this.roster.changed();
      return {};
    });
  }

  /** It will not come back: what it held counts for nothing from now on. It stays a member. Throws as {@link drain}. */
  async markLost(deviceId: DeviceId, person: CurrentPerson): Promise<void> {
    await this.#decide(deviceId, person, 'device.lost', async () => {
      if (this.states.marks(deviceId).lostAtMs !== null) return false;
      await this.states.setLost(deviceId, true);
      return {};
    });
  }

  /** On holiday until then (null: no longer). Throws as {@link drain}. */
  async setAway(deviceId: DeviceId, untilMs: number | null, person: CurrentPerson): Promise<void> {
    await this.#decide(deviceId, person, 'device.away', async () => {
      if (this.states.marks(deviceId).awayUntilMs === untilMs) return false;
      await this.states.setAway(deviceId, untilMs);
      return { untilMs };
    });
  }

  /** Takes "draining" and "lost" back: it is judged by the clock again. Throws as {@link drain}. */
  async reactivate(deviceId: DeviceId, person: CurrentPerson): Promise<void> {
    await this.#decide(deviceId, person, 'device.reactivate', async (device) => {
      const draining = device.membership === 'draining';
      if (!draining && this.states.marks(deviceId).lostAtMs === null) return false;
      await this.states.setLost(deviceId, false);
      if (draining) {
        await this.devices.setMembership(deviceId, 'active');
        await this.roster.changed();
      }
      return {};
    });
  }

  /** `work` says false when nothing changed, else what the audit log should know. */
  async #decide(
    deviceId: DeviceId,
    person: CurrentPerson,
    action: string,
    work: (device: Device) => Promise<false | Record<string, unknown>>,
  ): Promise<void> {
    await this.database.write(async () => {
      const device = await this.devices.get(deviceId);
      if (device.class === 'coordinator') throw new CoordinatorError('device_not_found', 'That is the coordinator, which holds no packs.');
      if (device.membership === 'revoked')
        throw new CoordinatorError('device_revoked', `${device.name} was removed from the team for good.`);
      const detail = await work(device);
      if (detail === false) return;
      await this.auditLog.record({ actor: person.email, action, subject: device.name, deviceId, detail });
      this.database.afterCommit(() => void this.sweep.soon());
    });
  }
}
