import type { Clock, RandomSource } from '#libs/kernel';
import { type ActiveSchedule, type PendingRun, planNextRun, type RunState } from './next-run.ts';
import { scheduleTimes } from './schedule-times.ts';

export interface SchedulerPorts {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** See {@link RunState}; read afresh before every decision. */
  coveredUntilMs(): number;
  readonly failuresSince: RunState['failuresSince'];
  /** Runs one backup to its end. Its failures are its own to record: a rejection only keeps the scheduler from spinning. */
  run(trigger: 'schedule' | 'catch-up', signal: AbortSignal): Promise<void>;
  /** The machine slept for about `sleptMs`: connections are stale. */
  onWake?(sleptMs: number): void;
}

/** Starts backups when they are due, one at a time. Never two for one fire time; see `next-run.ts` for the rules. */
export class Scheduler {
  readonly #ports: SchedulerPorts;
  #schedule: ActiveSchedule | undefined;
  #pending: PendingRun | undefined;
  #nextFireAtMs: number | undefined;
  #changed = new AbortController();

  constructor(ports: SchedulerPorts) {
    this.#ports = ports;
  }

  /** When the next scheduled run starts, as far as known. */
  get nextRunAtMs(): number | undefined {
    return this.#pending?.dueAtMs ?? this.#nextFireAtMs;
  }

  /** Which retry of a failed run {@link nextRunAtMs} is, from 1; undefined when it is none. */
  get nextRunRetry(): number | undefined {
    return this.#pending?.retry;
  }

  /** Takes effect at once. Undefined: nothing is scheduled. */
  setSchedule(schedule: ActiveSchedule | undefined): void {
    this.#schedule = schedule;
    this.#pending = undefined;
    this.#nextFireAtMs = schedule?.fires.next(this.#ports.clock.nowMs());
    const before = this.#changed;
    this.#changed = new AbortController();
    before.abort(new DOMException('the schedule changed', 'AbortError'));
  }

  /** Until the signal says stop; resolves then, after a run under way has ended. */
  async runUntilStopped(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    while (!signal.aborted) {
      const schedule = this.#schedule;
      const nowMs = clock.nowMs();
      const { failuresSince, random } = this.#ports;
      const plan =
        schedule &&
        planNextRun(schedule, { nowMs, coveredUntilMs: this.#ports.coveredUntilMs(), failuresSince, pending: this.#pending }, random);
      if (plan?.kind === 'run') {
        this.#pending = undefined;
        const failed = await this.#ports.run(plan.pending.trigger, signal).then(
          () => false,
          () => true,
        );
        // Even when recording the run failed: at most one attempt a slice.
        if (failed || this.#ports.coveredUntilMs() < plan.pending.fireAtMs)
          await this.#sleepUntil(clock.nowMs() + scheduleTimes.sliceMs, signal);
        continue;
      }
      this.#pending = plan?.pending;
      this.#nextFireAtMs = plan?.nextFireAtMs;
      await this.#sleepUntil(plan?.untilMs ?? nowMs + scheduleTimes.sliceMs, signal);
    }
  }

  async #sleepUntil(untilMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const fromMs = clock.nowMs();
    const either = AbortSignal.any([signal, this.#changed.signal]);
    await clock.sleep(Math.max(0, untilMs - fromMs), either).catch(() => undefined);
    const sleptMs = clock.nowMs() - untilMs;
    if (sleptMs > scheduleTimes.wakeJumpMs) this.#ports.onWake?.(sleptMs);
  }
}
