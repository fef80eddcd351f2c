import type { Clock } from '#libs/kernel';

/** Unused allowance that may be spent at once: a second's worth hides timers' coarseness without a visible burst. */
const burstMs = 1_000;

/** Bytes a second shared by everything that books with it, first come first served (generic cell rate algorithm). */
export class RateLimit {
  readonly #clock: Clock;
  #bytesPerSecond: number | null;
  #freeAtMs = 0;
  #seenMs = 0;

  /** null: no limit. */
  constructor(clock: Clock, bytesPerSecond: number | null) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Holds for what is booked from now on; what was booked before is forgotten. */
  set(bytesPerSecond: number | null): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#freeAtMs = 0;
  }

  /** True while nothing ever waits: then small pieces are of no use. */
  get unlimited(): boolean {
    return this.#bytesPerSecond === null;
  }

  /** Books these bytes; returns for how long they must wait, in ms: 0 or less when they may go at once. */
  book(bytes: number): number {
    if (this.#bytesPerSecond === null) return 0;
    const nowMs = this.#clock.nowMs();
    // A clock that was set back must not make everybody wait until it is that late again.
    if (nowMs < this.#seenMs) this.#freeAtMs -= this.#seenMs - nowMs;
    this.#seenMs = nowMs;
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - burstMs) + (bytes / Math.max(1, this.#bytesPerSecond)) * 1000;
    return this.#freeAtMs - nowMs;
  }
}
