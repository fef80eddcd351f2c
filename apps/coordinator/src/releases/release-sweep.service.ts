import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import { ReleaseHoldsService } from './release-holds.service.ts';
import { ReleaseViewsService } from './release-views.service.ts';
import { ReleasesRepository } from './releases.repository.ts';

export const RELEASE_SWEEP = 'release-sweep';

/** Twice the hold and more: somebody who notices late still finds heads and snapshots beside packs that are still there. */
const KEEP_MS = 45 * 24 * 60 * 60 * 1000;

/** Once an hour: packs that are needed again, releases that are done, and heads that nothing needs any more. */
@Injectable()
export class ReleaseSweepService implements OnModuleInit {
  constructor(
    private readonly holds: ReleaseHoldsService,
    private readonly views: ReleaseViewsService,
    private readonly releases: ReleasesRepository,
    private readonly heads: KeptHeadsService,
    private readonly schedules: SchedulesService,
    private readonly metrics: MetricsService,
  ) {}

  onModuleInit(): void {
    this.schedules.register({ name: RELEASE_SWEEP, cron: '17 * * * *', run: ({ signal, nowMs }) => this.#sweep(signal, nowMs) });
    const { views } = this;
    new Gauge({
      name: 'holdfast_releases',
      help: 'Releases that wait for a person or are in hold',
      labelNames: ['state'],
      registers: [this.metrics.registry],
      async collect() {
        this.reset();
        for (const [state, count] of await views.counts()) this.set({ state }, count);
      },
    });
  }

  async #sweep(signal: AbortSignal, nowMs: number): Promise<void> {
    // While the database may lack what speaks for an old head or a dropped snapshot, both stay.
    if (!(await this.holds.sweep(signal))) return;
    const open = [...new Set((await this.releases.inState(['waiting', 'holding'])).map((row) => row.vaultId))];
    await this.heads.purge(nowMs - KEEP_MS, open);
    await this.releases.purgeForgotten(nowMs - KEEP_MS, open);
  }
}
