import { Inject, Injectable } from '@nestjs/common';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { RevocationService } from '../roster/revocation.service.ts';
import type { ScheduledWork } from '../schedules/schedules.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';

export const DURABILITY_SWEEP = 'durability-sweep';

/** When the sweep runs: by its cron expression, and at once when a device arrives, goes or is revoked. */
@Injectable()
export class SweepSchedule {
  constructor(
    private readonly schedules: SchedulesService,
    private readonly presence: PresenceService,
    private readonly revocation: RevocationService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
  ) {}

  runs(run: ScheduledWork['run']): void {
    this.schedules.register({ name: DURABILITY_SWEEP, cron: this.config.durability.sweepCron, run });
    // A sweep that is under way may have looked already; the next one by cron sees what it missed.
    this.presence.onChange(() => void this.schedules.runNow(DURABILITY_SWEEP));
    this.revocation.onRevoke(() => void this.schedules.runNow(DURABILITY_SWEEP));
  }
}
