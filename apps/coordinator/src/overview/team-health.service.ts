import { Injectable } from '@nestjs/common';
import type { TeamReason, TeamVerdict } from '#libs/durability';
import { teamVerdict } from '#libs/durability';
import { BundleKeepersService } from '../bundle/bundle-keepers.service.ts';
import type { DeviceReportCard } from '../devices/device-health.service.ts';
import { DeviceHealthService } from '../devices/device-health.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { RebuildStateService } from '../rebuild/rebuild-state.service.ts';
import { ReleaseViewsService } from '../releases/release-views.service.ts';
import { RepairBreakerService } from '../placement/repair-breaker.service.ts';

/** Whether everybody is protected, and if not, why and what to do. */
@Injectable()
export class TeamHealthService {
  constructor(
    private readonly devices: DevicesService,
    private readonly health: DeviceHealthService,
    private readonly packs: PacksService,
    private readonly breaker: RepairBreakerService,
    private readonly releases: ReleaseViewsService,
    private readonly rebuild: RebuildStateService,
    private readonly bundle: BundleKeepersService,
  ) {}

  async verdict(): Promise<{ cards: DeviceReportCard[]; verdict: TeamVerdict }> {
    const cards = await this.health.of(await this.devices.agents());
    const breaker = await this.breaker.current();
    const rebuild = await this.rebuild.verdict();
    const verdict = teamVerdict(
      cards.map((card) => card.health),
      {
        standstill: rebuild.frozen ? standstill(rebuild) : breaker.open ? standstill(breaker) : null,
        notices: [...(await this.releases.reasons()), ...(await this.bundle.reasons()), ...(await this.packs.parkedFor()).flatMap(notice)],
      },
    );
    return { cards, verdict };
  }
}

const standstill = ({ reason, nextStep }: { readonly reason: string; readonly nextStep: string }): TeamReason => ({
  ...{ deviceId: null, text: reason, nextStep },
});

/** Of the reasons for which packs wait, those that no sleeping laptop will cure by waking. */
function notice({ code, packs }: { readonly code: string; readonly packs: number }): TeamReason[] {
  const some = `${packs} ${packs === 1 ? 'pack waits' : 'packs wait'} for copies`;
  if (code === 'no_space') {
    return [
      {
        deviceId: null,
        text: `${some}: no device that is awake has room.`,
        nextStep: 'Free disk space, raise a pledge, or add an anchor.',
      },
    ];
  }
  if (code === 'over_allowance') {
    return [
      {
        deviceId: null,
        text: `${some}: room is scarce, and their owners have more at others than they offer.`,
        nextStep: 'Raise the owners’ pledges, or add an anchor. Nothing that was placed is deleted.',
      },
    ];
  }
  if (code === 'no_other_device') {
    return [{ deviceId: null, text: `${some}: there is no other device in the team.`, nextStep: 'Enrol at least two more devices.' }];
  }
  return [];
}
