import { Inject, Injectable } from '@nestjs/common';
import type { Clock, DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { EventsService } from '../events/events.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { RosterService } from './roster.service.ts';

export type RevocationListener = (deviceId: DeviceId) => void;

/** Takes a device out of the team, for good: a leaver's, a stolen one. Its key never gets in again. */
@Injectable()
export class RevocationService {
  readonly #listeners: RevocationListener[] = [];

  constructor(
    private readonly database: Database,
    private readonly devices: DevicesService,
    private readonly roster: RosterService,
    private readonly events: EventsService,
    private readonly auditLog: AuditLogService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Calls `listener` after a device was revoked: what it holds counts for nothing from then on. */
  onRevoke(listener: RevocationListener): void {
    this.#listeners.push(listener);
  }

  /** Revoking again changes nothing. Throws `device_not_found`; the coordinator itself can't be revoked. */
  async revoke(deviceId: DeviceId, by: Pick<CurrentPerson, 'email'>): Promise<void> {
    await this.database.write(async () => {
      const device = await this.devices.get(deviceId);
      if (device.class === 'coordinator') throw new CoordinatorError('device_not_found', 'The coordinator can’t be revoked.');
      if (device.membership === 'revoked') return;
      await this.#shut(deviceId, by.email);
      await this.roster.changed();
    });
  }

  /** It was revoked before the database was put back to an older copy. The caller sees to the roster. Part of the caller's transaction. */
  async again(deviceId: DeviceId): Promise<void> {
    await this.#shut(deviceId, 'coordinator');
  }

  async #shut(deviceId: DeviceId, actor: string): Promise<void> {
    const { name } = await this.devices.get(deviceId);
    await this.devices.revoke(deviceId, this.clock.nowMs(), `revoked by ${actor}`);
    await this.auditLog.record({ actor, action: 'device.revoke', subject: name, deviceId });
    this.events.publishPanel({ event: 'devices', deviceId });
    this.database.afterCommit(() => {
      this.events.closeAgent(deviceId);
      for (const listener of this.#listeners) listener(deviceId);
    });
  }
}
