import { Inject, Injectable } from '@nestjs/common';
import type { Policy } from '#libs/contracts';
import type { DeviceHealth, DeviceStanding, RpoVerdict } from '#libs/durability';
import { evaluateRpo } from '#libs/durability';
import type { Clock } from '#libs/kernel';
import { PoliciesService } from '../policies/policies.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import type { SnapshotSummary } from '../snapshots/snapshots.repository.ts';
import { SnapshotsService } from '../snapshots/snapshots.service.ts';
import { DeviceStatesService } from './device-states.service.ts';
import type { Device } from './devices.service.ts';

/** One device as far as its own data is concerned. */
export interface DeviceReportCard {
  readonly device: Device;
  readonly standing: DeviceStanding;
  readonly snapshots: SnapshotSummary | null;
  /** When the newest snapshot that keeps the promise was protected. */
  readonly protectedAtMs: number | null;
  readonly rpo: RpoVerdict;
  readonly health: DeviceHealth;
}

/** How safe each device's data is. */
@Injectable()
export class DeviceHealthService {
  constructor(
    private readonly states: DeviceStatesService,
    private readonly snapshots: SnapshotsService,
    private readonly policies: PoliciesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Report cards of many devices, with one read of each table. */
  async of(devices: readonly Device[]): Promise<DeviceReportCard[]> {
    const summaries = new Map((await this.snapshots.summaries()).map((summary) => [summary.deviceId, summary]));
    const policyOf = await this.policies.effectiveOf();
    return devices.map((device) => this.#card(device, summaries.get(device.deviceId) ?? null, policyOf(device.deviceId)));
  }

  #card(device: Device, snapshots: SnapshotSummary | null, { schedule, folders }: Policy): DeviceReportCard {
    const standing = this.states.standing(device);
    const incompleteCounts = schedule.incompleteCounts === true;
    const rpo = evaluateRpo(
      {
        ...{ enrolledAtMs: device.enrolledAtMs, rpoHours: schedule.rpoHours, incompleteCounts },
        protectedUpToMs: snapshots?.complete.upToMs ?? null,
        incompleteUpToMs: snapshots?.incomplete.upToMs ?? null,
      },
      this.clock.nowMs(),
    );
    const countedAtMs = [snapshots?.complete, ...(incompleteCounts ? [snapshots?.incomplete] : [])].map((work) => work?.protectedAtMs ?? 0);
    const health: DeviceHealth = {
      deviceId: device.deviceId,
      name: device.name,
      deviceClass: device.class,
      policyHasFolders: folders.length > 0,
      state: standing.state,
      stateReason: standing.reason,
      stateNextStep: standing.nextStep,
      everCaptured: snapshots !== null,
      everProtected: snapshots !== null && (snapshots.newestProtected !== null || snapshots.packsLost > 0),
      newestProtected: snapshots !== null && snapshots.newest === snapshots.newestProtected,
      packsBelowMinimum: snapshots?.packsLost ?? 0,
      rpo,
      unread: incompleteCounts ? 0 : (snapshots?.unread ?? 0),
    };
    return { device, standing, snapshots, protectedAtMs: Math.max(...countedAtMs) || null, rpo, health };
  }
}
