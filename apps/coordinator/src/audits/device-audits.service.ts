import { Injectable } from '@nestjs/common';
import type { AuditStanding, DeviceAudits, PageQuery } from '#libs/contracts';
import { auditScore } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { DevicesService } from '../devices/devices.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import type { AuditHolder } from './audit-holders.repository.ts';
import { AuditHoldersRepository } from './audit-holders.repository.ts';
import { AuditTimes } from './audit-times.ts';

const SHOWN_DAYS_MS = 30 * 86_400_000;

/** The audits of one holder as people see them. */
@Injectable()
export class DeviceAuditsService {
  constructor(
    private readonly holders: AuditHoldersRepository,
    private readonly devices: DevicesService,
    private readonly replicas: ReplicasService,
    private readonly times: AuditTimes,
  ) {}

  /** Throws `device_not_found`. */
  async of(deviceId: DeviceId, query: PageQuery): Promise<DeviceAudits> {
    await this.devices.get(deviceId);
    const [events, total] = await this.holders.events(deviceId, query);
    const days = await this.holders.days(deviceId, this.times.nowMs() - SHOWN_DAYS_MS);
    return {
      deviceId,
      standing: await this.#standing(await this.holders.get(deviceId)),
      days: days.map(({ dayMs, passed, failed, timedOut }) => ({ dayMs, passed, failed, timedOut })),
      events: {
        items: events.map(({ weight: _weight, ...event }) => event),
        ...{ total, page: query.page, pageSize: query.pageSize },
      },
    };
  }

  async #standing(holder: AuditHolder): Promise<AuditStanding> {
    const { passed, failed, timedOut, lastPassedAtMs, quarantinedAtMs, quarantineReason, passedInARow } = holder;
    const { scanWantedSinceMs, lastScanEndedAtMs, lastScanPacks, lastScanDamaged } = holder;
    return {
      ...{ passed, failed, timedOut, lastPassedAtMs, score: auditScore(holder) },
      quarantinedReplicas: (await this.replicas.quarantinedCounts()).get(holder.deviceId) ?? 0,
      quarantine:
        quarantinedAtMs === null
          ? null
          : { sinceMs: quarantinedAtMs, reason: quarantineReason, passedInARow, neededPasses: this.times.settings.clearAfterPasses },
      scan:
        scanWantedSinceMs === null && lastScanEndedAtMs === null
          ? null
          : { wantedSinceMs: scanWantedSinceMs, lastEndedAtMs: lastScanEndedAtMs, lastPacks: lastScanPacks, lastDamaged: lastScanDamaged },
    };
  }
}
