import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { AuditQueueRepository } from './audit-queue.repository.ts';
import { AuditRecordsService } from './audit-records.service.ts';
import { AuditRoundsService } from './audit-rounds.service.ts';
import { AuditTimes } from './audit-times.ts';

/** What people ask of audits. Each leaves its entry in the audit log. */
@Injectable()
export class AuditRequestsService {
  constructor(
    private readonly devices: DevicesService,
    private readonly queue: AuditQueueRepository,
    private readonly records: AuditRecordsService,
    private readonly rounds: AuditRoundsService,
    private readonly auditLog: AuditLogService,
    private readonly database: Database,
    private readonly times: AuditTimes,
  ) {}

  /** Everything that the device holds is audited as soon as it can be, and the device reads all of it. Throws `device_not_found`. */
  async auditNow(deviceId: DeviceId, person: CurrentPerson): Promise<void> {
    await this.database.write(async () => {
      const { name } = await this.devices.get(deviceId);
      await this.queue.allDue(deviceId, this.times.nowMs());
      await this.records.wantScan(deviceId);
      await this.auditLog.record({ actor: person.email, action: 'device.audit', subject: name, deviceId });
      this.database.afterCommit(() => this.rounds.soon(deviceId));
    });
  }

  /** Ends a quarantine before the device has earned it. Without one nothing changes. Throws `device_not_found`. */
  async release(deviceId: DeviceId, note: string, person: CurrentPerson): Promise<void> {
    await this.database.write(async () => {
      const { name } = await this.devices.get(deviceId);
      const cause = `${person.name} believes it again: ${note}`;
      if (!(await this.records.release(deviceId, cause))) return;
      await this.auditLog.record({ actor: person.email, action: 'device.release-quarantine', subject: name, deviceId, detail: { note } });
    });
  }
}
