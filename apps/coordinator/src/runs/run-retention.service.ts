import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { RunPlace } from './runs.repository.ts';
import { RunsRepository } from './runs.repository.ts';

export const RUN_RETENTION = 'run-retention';

/** Runs that one transaction looks at and deletes at most: a few milliseconds, so that others write in between. */
const BATCH = 500;

/**
 * Forgets old backup runs once a night; one a device and night would be two million rows a year with 5,000 devices. The newest of each device stay
 * however old they are: a device that is back after a year, or never, still shows what it did last.
 */
@Injectable()
export class RunRetentionService implements OnModuleInit {
  readonly #log = new Logger('runs');

  constructor(
    private readonly runs: RunsRepository,
    private readonly schedules: SchedulesService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
  ) {}

  onModuleInit(): void {
    this.schedules.register({ name: RUN_RETENTION, cron: '41 2 * * *', run: ({ signal, nowMs }) => this.#forget(signal, nowMs) });
  }

  async #forget(signal: AbortSignal, nowMs: number): Promise<void> {
    const { keepSeconds, keepPerDevice } = this.config.runs;
    const beforeMs = nowMs - keepSeconds * 1000;
    let forgotten = 0;
    for (let after: RunPlace | null = null; !signal.aborted;) {
      const { deleted, next }: { deleted: number; next: RunPlace | null } = await this.runs.deleteOld(
        { beforeMs, keepPerDevice, limit: BATCH },
        after,
      );
      forgotten += deleted;
      if (next === null) break;
      after = next;
    }
    if (forgotten > 0) this.#log.log({ runs: forgotten }, 'forgot backup runs that are old enough');
  }
}
