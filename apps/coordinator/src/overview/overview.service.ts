import { Inject, Injectable } from '@nestjs/common';
import type { Overview, Run } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import type { DeviceReportCard } from '../devices/device-health.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { RunsService } from '../runs/runs.service.ts';
import { OverviewFiguresService } from './overview-figures.service.ts';
import { ProtectionDaysService } from './protection-days.service.ts';
import { TeamHealthService } from './team-health.service.ts';

const DAY_MS = 86_400_000;
/** Runs shown of one night: a strip per device, not a log. */
const MAX_RUNS = 2000;

/** The one screen that says whether everyone is protected. */
@Injectable()
export class OverviewService {
  constructor(
    private readonly health: TeamHealthService,
    private readonly figures: OverviewFiguresService,
    private readonly days: ProtectionDaysService,
    private readonly presence: PresenceService,
    private readonly runs: RunsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async overview(): Promise<Overview> {
    const { cards, verdict } = await this.health.verdict();
    const members = cards.filter((card) => card.standing.state !== 'revoked');
    const atMs = this.clock.nowMs();
    return {
      level: verdict.level,
      headline: verdict.headline,
      reasons: [...verdict.reasons],
      devices: {
        total: members.length,
        online: members.filter((card) => this.presence.isOnline(card.device.deviceId)).length,
        protected: verdict.protectedDevices,
        notProtected: verdict.notProtectedDevices,
        storageOnly: verdict.storageOnlyDevices,
      },
      ...(await this.figures.of(members)),
      lastNight: this.#byDevice(await this.runs.startedSince(atMs - DAY_MS, MAX_RUNS), members),
      history: await this.days.history({ protected: verdict.protectedDevices, atRisk: verdict.notProtectedDevices }),
      atMs,
    };
  }

  #byDevice(runs: readonly Run[], cards: readonly DeviceReportCard[]): Overview['lastNight'] {
    const grouped = Map.groupBy(runs, (run) => run.deviceId);
    return cards
      .map(({ device: { deviceId, name } }) => ({ deviceId, deviceName: name, runs: grouped.get(deviceId) ?? [] }))
      .filter((strip) => strip.runs.length > 0);
  }
}
