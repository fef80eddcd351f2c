import type { Clock } from '#libs/kernel';

/** Unused allowance that may be spent at once: a second's worth hides timers' coarseness without a visible burst. */
const burstMs = 1_000;

/** Bytes a second shared by everything that takes from it, first come first served (generic cell rate algorithm). */
export class RateLimit {
  readonly #clock: Clock;
  #bytesPerSecond: number | null;
  #freeAtMs = 0;

  /** null: no limit. */
  constructor(clock: Clock, bytesPerSecond: number | null) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Takes effect for what is taken from now on. */
  set(bytesPerSecond: number | null): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#freeAtMs = 0;
  }

  /** True while nothing ever waits: then small pieces are of no use. */
  get unlimited(): boolean {
    return this.#bytesPerSecond === null;
  }

  /** Resolves when these bytes may go; rejects with the signal's reason. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const rate = this.#bytesPerSecond;
    if (rate === null) return;
    const nowMs = this.#clock.nowMs();
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - burstMs) + (bytes / Math.max(1, rate)) * 1000;
    if (this.#freeAtMs > nowMs) await this.#clock.sleep(this.#freeAtMs - nowMs, signal);
  }
}
