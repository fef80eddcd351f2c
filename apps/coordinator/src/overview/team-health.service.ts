import { Injectable } from '@nestjs/common';
import type { TeamReason, TeamVerdict } from '#libs/durability';
import { teamVerdict } from '#libs/durability';
import type { DeviceReportCard } from '../devices/device-health.service.ts';
import { DeviceHealthService } from '../devices/device-health.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { RebuildStateService } from '../rebuild/rebuild-state.service.ts';
import { RepairBreakerService } from '../placement/repair-breaker.service.ts';
import { TeamNoticesService } from './team-notices.service.ts';

/** Whether everybody is protected, and if not, why and what to do. */
@Injectable()
export class TeamHealthService {
  constructor(
    private readonly devices: DevicesService,
    private readonly health: DeviceHealthService,
    private readonly breaker: RepairBreakerService,
    private readonly rebuild: RebuildStateService,
    private readonly notices: TeamNoticesService,
  ) {}

  async verdict(): Promise<{ cards: DeviceReportCard[]; verdict: TeamVerdict }> {
    const cards = await this.health.of(await this.devices.agents());
    const breaker = await this.breaker.current();
    const rebuild = await this.rebuild.verdict();
    const verdict = teamVerdict(
      cards.map((card) => card.health),
      {
        standstill: rebuild.frozen ? standstill(rebuild) : breaker.open ? standstill(breaker) : null,
        notices: await this.notices.all(),
      },
    );
    return { cards, verdict };
  }
}

const standstill = ({ reason, nextStep }: { readonly reason: string; readonly nextStep: string }): TeamReason => ({
  ...{ deviceId: null, text: reason, nextStep },
});
