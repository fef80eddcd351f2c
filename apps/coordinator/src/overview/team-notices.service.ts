import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { TeamReason } from '#libs/durability';
import type { Clock } from '#libs/kernel';
import { BundleKeepersService } from '../bundle/bundle-keepers.service.ts';
import { MetricsService } from '../metrics/metrics.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { ReleaseViewsService } from '../releases/release-views.service.ts';
import { certificateNotAfterMs, certificateNotice } from '../team/certificate-notice.ts';
import { TeamService } from '../team/team.service.ts';

/** What wants a person's attention without being about one device. */
@Injectable()
export class TeamNoticesService implements OnModuleInit {
  constructor(
    private readonly teams: TeamService,
    private readonly releases: ReleaseViewsService,
    private readonly bundle: BundleKeepersService,
    private readonly packs: PacksService,
    private readonly metrics: MetricsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.metrics.gauge(
      'holdfast_coordinator_certificate_expiry_timestamp_seconds',
      'Until when the team root has certified the coordinator’s key; no device can join after that. 0 before the set-up',
      async () => {
        const team = await this.teams.find();
        return team ? certificateNotAfterMs(team.document) / 1000 : 0;
      },
    );
  }

  async all(): Promise<TeamReason[]> {
    const team = await this.teams.find();
    const certificate = team ? certificateNotice(team.document, this.clock.nowMs()) : null;
    return [
      ...(certificate ? [certificate] : []),
      ...(await this.releases.reasons()),
      ...(await this.bundle.reasons()),
      ...(await this.packs.parkedFor()).flatMap(parked),
    ];
  }
}

/** Of the reasons for which packs wait, those that no sleeping laptop will cure by waking. */
function parked({ code, packs }: { readonly code: string; readonly packs: number }): TeamReason[] {
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
