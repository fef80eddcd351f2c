import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { RevocationService } from '../roster/revocation.service.ts';
import type { ScheduledWork } from '../schedules/schedules.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';

export const DURABILITY_SWEEP = 'durability-sweep';

/** Arrivals come in crowds (a morning, a router that restarts): one sweep for all of this time. */
const GATHER_MS = 250;

/** When the sweep runs: by its cron expression, and soon after a device arrives, goes or is revoked. */
@Injectable()
export class SweepSchedule implements BeforeApplicationShutdown {
  readonly #stop = new AbortController();
  #gathering = false;

  constructor(
    private readonly schedules: SchedulesService,
    private readonly presence: PresenceService,
    private readonly revocation: RevocationService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  runs(run: ScheduledWork['run']): void {
    this.schedules.register({ name: DURABILITY_SWEEP, cron: this.config.durability.sweepCron, run });
    this.presence.onChange(() => void this.soon());
    this.revocation.onRevoke(() => void this.soon());
  }

  beforeApplicationShutdown(): void {
    this.#stop.abort();
  }

  /** Looks soon, whatever the cron expression says: something was decided. */
  async soon(): Promise<void> {
    if (this.#gathering || this.#stop.signal.aborted) return;
    this.#gathering = true;
    try {
      await this.clock.sleep(GATHER_MS, this.#stop.signal);
    } catch {
      return;
    } finally {
      this.#gathering = false;
    }
    // One that is under way may have looked already; the next by cron sees what it missed.
    await this.schedules.runNow(DURABILITY_SWEEP);
  }
}
