import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { DeviceId } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { RepairBreakerService } from '../placement/repair-breaker.service.ts';
import { RebuildStateService } from '../rebuild/rebuild-state.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { ShedFollowService } from './shed-follow.service.ts';
import { ShedMovesService } from './shed-moves.service.ts';

export const SHED_SWEEP = 'shed-sweep';

/** Devices planned for in one sweep: each costs a look at all that it holds. The others are next. */
const DEVICES_A_SWEEP = 20;
/** Where nothing could be done, nothing changes within minutes. */
const STUCK_PAUSE_MS = 60 * 60_000;

/** Looks which disks are short, and has packs moved off those that stay so. Nothing is chosen while repair stands still. */
@Injectable()
export class ShedSweepService implements OnModuleInit {
  /** When each was planned for last, and from when on another look is worth it. */
  readonly #looks = new Map<DeviceId, { readonly atMs: number; readonly againAtMs: number }>();

  constructor(
    private readonly follow: ShedFollowService,
    private readonly moves: ShedMovesService,
    private readonly breaker: RepairBreakerService,
    private readonly rebuild: RebuildStateService,
    private readonly schedules: SchedulesService,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
  ) {}

  onModuleInit(): void {
    const { sweepCron: cron } = this.config.durability.sheds;
    this.schedules.register({ name: SHED_SWEEP, cron, run: ({ signal, nowMs }) => this.#sweep(signal, nowMs) });
  }

  async #sweep(signal: AbortSignal, nowMs: number): Promise<void> {
    const moving = await this.follow.look(nowMs);
    for (const deviceId of this.#looks.keys()) if (!moving.some((one) => one.device.deviceId === deviceId)) this.#looks.delete(deviceId);
    if ((await this.rebuild.isFrozen()) || (await this.breaker.current()).open) return;
    const due = moving
      .filter(({ device }) => (this.#looks.get(device.deviceId)?.againAtMs ?? 0) <= nowMs)
      .sort((a, b) => (this.#looks.get(a.device.deviceId)?.atMs ?? 0) - (this.#looks.get(b.device.deviceId)?.atMs ?? 0));
    for (const { device, shed, toGiveBackBytes } of due.slice(0, DEVICES_A_SWEEP)) {
      if (signal.aborted) return;
      const stuck = await this.moves.plan(device, shed, toGiveBackBytes, nowMs);
      this.#looks.set(device.deviceId, { atMs: nowMs, againAtMs: stuck ? nowMs + STUCK_PAUSE_MS : nowMs });
    }
  }
}
