import { Injectable } from '@nestjs/common';
import type { Candidate } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { AuditStandingsService } from '../audits/audit-standings.service.ts';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import type { DeviceSite } from '../replicas/replica-counts.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';

export interface CandidateView {
  readonly candidates: readonly Candidate[];
  readonly online: ReadonlySet<DeviceId>;
  readonly siteOf: (deviceId: DeviceId) => DeviceSite;
}

/** The team as a placement plan sees it, at this moment. */
@Injectable()
export class CandidatesService {
  constructor(
    private readonly devices: DevicesService,
    private readonly states: DeviceStatesService,
    private readonly presence: PresenceService,
    private readonly jobs: JobsService,
    private readonly replicas: ReplicasService,
    private readonly audits: AuditStandingsService,
  ) {}

  async view(): Promise<CandidateView> {
    const devices = await this.devices.agents();
    const slotsOf = await this.jobs.freeSlots(this.states.settings.repair.linkShare);
    const auditsOf = await this.audits.all();
    const pending = await this.replicas.pendingBytes();
    const standings = new Map(devices.map((device) => [device.deviceId, this.states.standing(device)]));
    const sites = new Map(
      devices.map((d): [DeviceId, DeviceSite] => [
        d.deviceId,
        { site: d.site, anchor: d.class === 'anchor', vetted: standings.get(d.deviceId)!.vetted },
      ]),
    );
    const candidates = devices.map((device): Candidate => {
      const { deviceId } = device;
      const presence = this.presence.get(deviceId);
      const { score, quarantined } = auditsOf(deviceId);
      return {
        deviceId,
        machineId: deviceId,
        ...sites.get(deviceId)!,
        // Suspect: known, but not to be sent anything.
        state: quarantined ? 'suspect' : standings.get(deviceId)!.state,
        online: this.presence.isOnline(deviceId),
        availableBytes: (presence?.availableForPacksBytes ?? 0) - (pending.get(deviceId) ?? 0),
        presence: this.states.availability(deviceId),
        auditScore: score,
        ...slotsOf(deviceId),
      };
    });
    return {
      candidates,
      online: new Set(this.presence.online()),
      siteOf: (deviceId) => sites.get(deviceId) ?? { site: '', anchor: false },
    };
  }
}
