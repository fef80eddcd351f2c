import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { PackId } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { EventsService } from '../events/events.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { TrimHoldsService } from './trim-holds.service.ts';
import { TrimRulesService } from './trim-rules.service.ts';
import { TrimsRepository } from './trims.repository.ts';

export const TRIM_SWEEP = 'trim-sweep';

/** Packs looked at together. */
const BATCH = 500;

/** Once an hour: which packs have copies too many, since when, and which trims are no longer right. */
@Injectable()
export class TrimSweepService implements OnModuleInit {
  constructor(
    private readonly trims: TrimsRepository,
    private readonly rules: TrimRulesService,
    private readonly holds: TrimHoldsService,
    private readonly events: EventsService,
    private readonly schedules: SchedulesService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
  ) {}

  onModuleInit(): void {
    const { sweepCron: cron } = this.config.durability.trims;
    this.schedules.register({ name: TRIM_SWEEP, cron, run: ({ signal, nowMs }) => this.#sweep(signal, nowMs) });
  }

  async #sweep(signal: AbortSignal, nowMs: number): Promise<void> {
    await this.holds.review(signal);
    const gone = new Set((await this.trims.surplus()).keys());
    // Effective replicas are stored in halves.
    const above = (await this.rules.leastTarget()) * 2;
    for (let after = ''; Number.isFinite(above) && !signal.aborted;) {
      const packIds = await this.trims.packsAbove(above, after, BATCH);
      await this.#note(packIds, gone, nowMs);
      if (packIds.length < BATCH) break;
      after = packIds.at(-1)!;
    }
    if (signal.aborted) return;
    await this.trims.dropSurplus([...gone]);
    // Their agents look what is wanted of them.
    for (const owner of await this.trims.ownersWithSurplus(nowMs - this.rules.trimAfterMs))
      this.events.publishAgent(owner, { event: 'releases' });
  }

  /** Notes those that are surplus and were not, and takes those that still are out of `gone`. */
  async #note(packIds: readonly PackId[], gone: Set<PackId>, sinceMs: number): Promise<void> {
    const surplus = await this.rules.surplusAt(packIds);
    const fresh = [...surplus].filter(([packId]) => !gone.delete(packId));
    await this.trims.addSurplus(fresh.map(([packId, { ownerDeviceId }]) => ({ packId, ownerDeviceId, sinceMs })));
  }
}
