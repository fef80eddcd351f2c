import { Injectable } from '@nestjs/common';
import type { CreateRestore, Restore } from '#libs/contracts';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { Database } from '../database/database.ts';
import type { Device } from '../devices/devices.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { CoordinatorError } from '../errors.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { SnapshotsService } from '../snapshots/snapshots.service.ts';
import { RestoresService } from './restores.service.ts';

/** Sends a restore to a device: with a key that only that device can open, and with a line in the audit log. */
@Injectable()
export class RestoreRequestsService {
  constructor(
    private readonly restores: RestoresService,
    private readonly devices: DevicesService,
    private readonly snapshots: SnapshotsService,
    private readonly jobs: JobsService,
    private readonly auditLog: AuditLogService,
    private readonly database: Database,
  ) {}

  /** Throws `snapshot_not_found`, `device_not_found`, `restore_target_unfit`. */
  async create(request: CreateRestore, person: CurrentPerson): Promise<Restore> {
    return this.database.write(async () => {
      const { vaultId, snapshotSequence, paths, destination, conflict, sealedVaultKey } = request;
      const snapshot = await this.snapshots.get(vaultId, snapshotSequence);
      const target = await this.devices.get(request.targetDeviceId);
      const owner = await this.devices.get(snapshot.deviceId);
      if (target.membership !== 'active' || target.class === 'coordinator') throw unfit(target);
      const restore = await this.restores.add(request, owner.deviceId, person.email);
      const { restoreId } = restore;
      const task = {
        kind: 'restore',
        restoreId,
        ownerDeviceId: owner.deviceId,
        vaultId,
        snapshotSequence,
        paths,
        destination,
        conflict,
        sealedVaultKey,
      } as const;
      await this.jobs.create([{ deviceId: target.deviceId, task }]);
      await this.auditLog.record({
        actor: person.email,
        action: 'restore.create',
        subject: owner.name,
        deviceId: owner.deviceId,
        detail: {
          restoreId,
          target: target.name,
          snapshotSequence,
          paths: paths.slice(0, 20),
          moreThanListed: paths.length > 20,
          destination,
          conflict,
        },
      });
      return restore;
    });
  }
}

const unfit = (target: Device): CoordinatorError =>
  new CoordinatorError('restore_target_unfit', `${target.name} is no active device of the team.`, {
    context: { deviceId: target.deviceId },
    nextStep: 'Choose a device that is active, or enrol the new machine first.',
  });
