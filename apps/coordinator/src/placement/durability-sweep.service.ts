import type { OnModuleInit } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { acceptsPacks } from '#libs/durability';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { JobReportsService } from '../jobs/job-reports.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { DeviceTransitionsService } from './device-transitions.service.ts';
import { LookPace } from './look-pace.ts';
import { RepairBreakerService } from './repair-breaker.service.ts';
import { RoomGrowth } from './room-growth.ts';
import { SweepSchedule } from './sweep-schedule.ts';

/** Parked packs are looked at again, and missing inventories asked for, this often even when nothing was noticed that could help them. */
const SLOW_ROUND_MS = 5 * 60_000;

/** Notices what nobody reports: devices that fell silent, leases that ran out. What it finds is repaired by the placement loop. */
@Injectable()
export class DurabilitySweepService implements OnModuleInit {
  readonly #room = new RoomGrowth();
  readonly #looks = new LookPace();
  #unparkedAtMs = 0;
  #sweptAtMs = 0;
  #remindedAtMs = 0;

  constructor(
    private readonly states: DeviceStatesService,
    private readonly transitions: DeviceTransitionsService,
    private readonly breaker: RepairBreakerService,
    private readonly jobReports: JobReportsService,
    private readonly packs: PacksService,
    private readonly presence: PresenceService,
    private readonly sweep: SweepSchedule,
  ) {}

  onModuleInit(): void {
    this.sweep.runs((options) => this.run(options));
  }

  async run({ signal, nowMs }: { readonly signal: AbortSignal; readonly nowMs: number }): Promise<void> {
    await this.states.refresh();
    const changes = await this.states.changes();
    let closed = false;
    // An outage also ends by waiting.
    if (changes.length > 0 || (await this.breaker.current()).open)
      await this.transitions.record(changes, async () => void (closed = await this.breaker.update()));
    const recounted = await this.transitions.recount(signal);
    await this.jobReports.sweep();
    const awake = changes.some((change) => acceptsPacks(change.to));
    const pauseOver = await this.jobReports.pausesEndedSince(this.#sweptAtMs);
    this.#sweptAtMs = nowMs;
    const roomier = this.#roomGrew();
    if (awake || roomier || closed || recounted > 0 || pauseOver || nowMs - this.#unparkedAtMs >= SLOW_ROUND_MS) this.#looks.ask();
    if (this.#looks.isDue(nowMs)) {
      this.#unparkedAtMs = nowMs;
      this.#looks.looked(nowMs, await this.packs.unpark());
    }
    if (nowMs - this.#remindedAtMs >= SLOW_ROUND_MS) {
      this.#remindedAtMs = nowMs;
      await this.transitions.remind();
    }
    this.packs.wake();
  }

  /** By the newest heartbeats of those that could take packs now. */
  #roomGrew(): boolean {
    this.#room.keepOnly((deviceId) => this.presence.get(deviceId) !== undefined);
    return this.#room.notices(
      this.presence.online().map((deviceId) => [deviceId, this.presence.get(deviceId)!.availableForPacksBytes] as const),
    );
  }
}
