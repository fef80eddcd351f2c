import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { AdoptionsService } from './adoptions.service.ts';
import { RebuildEndService } from './rebuild-end.service.ts';
import { RebuildStateService } from './rebuild-state.service.ts';

export const REBUILD_SWEEP = 'rebuild-sweep';

/** Batches in one run: each is a transaction, and jobs for more would only wait. */
const BATCHES = 8;

/** Every ten seconds: packs that are on disks without being on record, and, when all of these are asked for, whether enough have reported. */
@Injectable()
export class RebuildSweepService implements OnModuleInit {
  /** Whether enough had reported already when the pass under way began: then it leaves nothing out. */
  #isLastPass = false;

  constructor(
    private readonly state: RebuildStateService,
    private readonly ending: RebuildEndService,
    private readonly adoptions: AdoptionsService,
    private readonly schedules: SchedulesService,
  ) {}

  onModuleInit(): void {
    this.schedules.register({ name: REBUILD_SWEEP, cron: '*/10 * * * * *', run: ({ signal }) => this.#sweep(signal) });
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const isReported = await this.state.isReported();
    const { afterLoss, hasReported } = await this.state.owners();
    for (let batch = 0; batch < BATCHES && !signal.aborted; batch += 1) {
      const { first, last } = await this.adoptions.adoptSome({ isSettled: hasReported, all: afterLoss });
      if (first) this.#isLastPass = isReported;
      if (!last) continue;
      if (this.#isLastPass) await this.ending.settle();
      return;
    }
  }
}
