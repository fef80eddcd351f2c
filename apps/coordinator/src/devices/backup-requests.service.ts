import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { DevicesService } from './devices.service.ts';

/** "Back up now", asked for by a person. */
@Injectable()
export class BackupRequestsService {
  constructor(
    private readonly devices: DevicesService,
    private readonly jobs: JobsService,
    private readonly auditLog: AuditLogService,
    private readonly database: Database,
  ) {}

  /** Asking again while one waits changes nothing. Throws `device_not_found`, `device_revoked`. */
  async request(deviceId: DeviceId, person: CurrentPerson): Promise<void> {
    await this.database.write(async () => {
      const device = await this.devices.get(deviceId);
      if (device.membership === 'revoked') throw new CoordinatorError('device_revoked', `${device.name} was removed from the team.`);
      if (await this.jobs.hasLive(deviceId, 'backup')) return;
      await this.jobs.create([{ deviceId, task: { kind: 'backup', reason: 'admin' } }]);
      await this.auditLog.record({ actor: person.email, action: 'device.backup', subject: device.name, deviceId });
    });
  }
}
