import { Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { EventsService } from '../events/events.service.ts';
import { ReleasedPacksRepository } from './released-packs.repository.ts';
import type { ReleaseRow } from './releases.repository.ts';

export interface Announcement {
  /** Absent: the release's own device. */
  readonly actor?: string;
  readonly action: 'release.wait' | 'release.accept' | 'release.approve' | 'release.cancel' | 'release.revive' | 'release.done';
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The trace of every step of a release, and the hint to everybody whom it concerns. Part of the caller's transaction. */
@Injectable()
export class ReleaseRecordService {
  constructor(
    private readonly auditLog: AuditLogService,
    private readonly events: EventsService,
    private readonly devices: DevicesService,
    private readonly released: ReleasedPacksRepository,
  ) {}

  async tell(release: ReleaseRow, { actor, action, detail = {} }: Announcement): Promise<void> {
    const { releaseId, deviceId, packs, bytes, flags, reason } = release;
    const { name } = await this.devices.get(deviceId);
    const by = release.byRoot ? 'team root' : `device ${name}`;
    await this.auditLog.record({
      ...{ actor: actor ?? by, action, subject: name, deviceId },
      detail: { releaseId, packs, bytes, reason, ...(flags.length > 0 ? { flags } : {}), ...detail },
    });
    this.events.publishPanel({ event: 'releases', deviceId });
    if (action === 'release.cancel') this.events.publishPanel({ event: 'snapshots', deviceId });
    for (const concerned of new Set([deviceId, ...(await this.released.holders(releaseId))]))
      this.events.publishAgent(concerned, { event: 'releases' });
  }

  /** Snapshots that a device dropped. */
  async forgotten(deviceId: DeviceId, sequences: readonly number[]): Promise<void> {
    const { name } = await this.devices.get(deviceId);
    await this.auditLog.record({
      ...{ actor: `device ${name}`, action: 'snapshot.forget', subject: name, deviceId },
      detail: { snapshots: sequences.length, first: Math.min(...sequences), last: Math.max(...sequences) },
    });
    this.events.publishPanel({ event: 'snapshots', deviceId });
  }
}
