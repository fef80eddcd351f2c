import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { RebuildStateService } from '../rebuild/rebuild-state.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { BundleKeepersService } from './bundle-keepers.service.ts';
import { BundleMakerService } from './bundle-maker.service.ts';

export const BUNDLE_SWEEP = 'bundle-sweep';

/**
 * Every minute: is there something to leave with the devices, and who lacks it. So a change waits a minute at most, many changes at once make one bundle, and
 * a night that was slept through is caught up.
 */
@Injectable()
export class BundleSweepService implements OnModuleInit {
  constructor(
    private readonly maker: BundleMakerService,
    private readonly keepers: BundleKeepersService,
    private readonly rebuild: RebuildStateService,
    private readonly schedules: SchedulesService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
  ) {}

  onModuleInit(): void {
    this.schedules.register({ name: BUNDLE_SWEEP, cron: this.config.bundle.sweepCron, run: () => this.#sweep() });
  }

  async #sweep(): Promise<void> {
    // What devices keep may know more than a database that is only just being filled again.
    if (!(await this.rebuild.isFrozen())) await this.maker.makeIfDue();
    await this.keepers.refresh();
  }
}
