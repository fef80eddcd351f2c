import { Injectable } from '@nestjs/common';
import type { AuditEvent, AuditStanding, DeviceAudits, HolderAudits, Page, PageQuery } from '#libs/contracts';
import { auditScore } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { DevicesService } from '../devices/devices.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import type { AuditEventEntity } from './audit-holder.entity.ts';
import type { AuditHolder } from './audit-holders.repository.ts';
import { AuditHoldersRepository, newHolder } from './audit-holders.repository.ts';
import { AuditTimes } from './audit-times.ts';

const SHOWN_DAYS_MS = 30 * 86_400_000;

/** The audits of holders as people see them. */
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
      standing: this.#standing(await this.holders.get(deviceId), (await this.replicas.quarantinedCounts()).get(deviceId)),
      days: days.map(({ dayMs, passed, failed, timedOut }) => ({ dayMs, passed, failed, timedOut })),
      events: {
        items: events.map(shown),
        ...{ total, page: query.page, pageSize: query.pageSize },
      },
    };
  }

  /** Everybody who may hold packs, those first who need a look: not believed, with doubtful copies, with a poor record. */
  async page({ page, pageSize, search = '' }: PageQuery): Promise<Page<HolderAudits>> {
    const holders = new Map((await this.holders.all()).map((holder) => [holder.deviceId, holder]));
    const doubtful = await this.replicas.quarantinedCounts();
    const found = (await this.devices.agents())
      .filter(({ membership, name }) => membership !== 'revoked' && name.toLowerCase().includes(search.toLowerCase()))
      .map(({ deviceId, name }) => ({
        deviceId,
        deviceName: name,
        standing: this.#standing(holders.get(deviceId) ?? newHolder(deviceId), doubtful.get(deviceId)),
      }))
      .sort((a, b) => byNeed(a.standing, b.standing) || a.deviceName.localeCompare(b.deviceName, 'en', { numeric: true }));
    const items = await Promise.all(
      found.slice((page - 1) * pageSize, page * pageSize).map(async (device): Promise<HolderAudits> => {
        const [[last]] = await this.holders.events(device.deviceId, { page: 1, pageSize: 1 });
        return { ...device, lastEvent: last ? shown(last) : null };
      }),
    );
    return { items, total: found.length, page, pageSize };
  }

  #standing(holder: AuditHolder, quarantinedReplicas = 0): AuditStanding {
    const { passed, failed, timedOut, lastPassedAtMs, quarantinedAtMs, quarantineReason, passedInARow } = holder;
    const { scanWantedSinceMs, lastScanEndedAtMs, lastScanPacks, lastScanDamaged } = holder;
    return {
      ...{ passed, failed, timedOut, lastPassedAtMs, score: auditScore(holder), quarantinedReplicas },
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

const shown = ({ weight: _weight, ...event }: AuditEventEntity): AuditEvent => event;

const byNeed = (a: AuditStanding, b: AuditStanding): number =>
  Number(b.quarantine !== null) - Number(a.quarantine !== null) || b.quarantinedReplicas - a.quarantinedReplicas || a.score - b.score;
