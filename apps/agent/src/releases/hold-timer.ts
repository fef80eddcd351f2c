import { z } from 'zod';
import { timeMs } from '#libs/contracts';
import { advanceByContact, advanceByMonotonic, type HoldClock, holdLeftMs, newHoldClock } from '#libs/durability';
import { isAppError } from '#libs/kernel';
import type { JsonFile } from '../home/json-file.ts';

const duration = z.number().min(0);
export const holdClockState = z.strictObject({
  elapsedMs: duration,
  anchor: z.strictObject({ ownMs: timeMs, coordinatorMs: timeMs, elapsedMs: duration }).nullable(),
});

export interface HoldTimerPorts {
  readonly file: JsonFile<HoldClock>;
  /** The device's clock, which anybody at the machine may set. */
  readonly nowMs: () => number;
  /** Milliseconds of a clock that can't be set and need not run in sleep; only differences count. */
  readonly monotonicMs: () => number;
}

/** {@link HoldClock} kept on the disk. What was not written before a crash is lost, so holds get longer, never shorter. */
export class HoldTimer {
  readonly #ports: HoldTimerPorts;
  #clock: HoldClock;
  #lastMs: number;

  private constructor(ports: HoldTimerPorts, clock: HoldClock) {
    this.#ports = ports;
    this.#clock = clock;
    this.#lastMs = ports.monotonicMs();
  }

  /** A file that can't be read starts the clock anew, and with it every hold. */
  static async open(ports: HoldTimerPorts): Promise<HoldTimer> {
    const clock = await ports.file.read().catch((error: unknown) => {
      if (isAppError(error, 'home_corrupt')) return undefined;
      throw error;
    });
    return new HoldTimer(ports, clock ?? newHoldClock);
  }

  get elapsedMs(): number {
    return this.#clock.elapsedMs;
  }

  leftMs(startedAtElapsedMs: number, holdMs: number): number {
    // A start beyond the clock: the clock's file was lost. The hold begins again.
    return holdLeftMs(this.#clock, Math.min(startedAtElapsedMs, this.#clock.elapsedMs), holdMs);
  }

  /** Adds the running time since the last call. */
  async tick(): Promise<void> {
    this.#run();
    await this.#ports.file.write(this.#clock);
  }

  /** The coordinator answered just now, and its clock showed `coordinatorMs`. */
  async contact(coordinatorMs: number): Promise<void> {
    this.#run();
    this.#clock = advanceByContact(this.#clock, { ownMs: this.#ports.nowMs(), coordinatorMs });
    await this.#ports.file.write(this.#clock);
  }

  #run(): void {
    const nowMs = this.#ports.monotonicMs();
    this.#clock = advanceByMonotonic(this.#clock, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}
