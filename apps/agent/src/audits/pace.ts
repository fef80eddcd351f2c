import type { Clock } from '#libs/kernel';

/** Unspent time is worth at most this much: after a pause work does not make up for it in a burst. */
const burstMs = 250;

/** Keeps background reading below a rate, and gives the event loop its turn. */
export class Pace {
  readonly #clock: Clock;
  readonly #bytesPerSecond: number;
  #freeAtMs = 0;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Waits as long as so many bytes ought to have taken. Throws the signal's reason. */
  async took(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = this.#clock.nowMs();
    this.#freeAtMs = Math.max(this.#freeAtMs, now - burstMs) + (bytes / this.#bytesPerSecond) * 1000;
    if (this.#freeAtMs > now + 1) await this.#clock.sleep(this.#freeAtMs - now, signal);
    else await new Promise((resolve) => setImmediate(resolve));
  }
}
