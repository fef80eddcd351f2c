import type { Clock } from '#libs/kernel';
import { SwarmError } from '../errors.ts';

/** Looks this many times per shortest limit: a stall is noticed at most a quarter late. */
const looksPerLimit = 4;

/**
 * Gives up on a stream that stands still. One sleeping timer per stream, not one per read.
 * `phase` is what is being waited for now: a limit for the whole phase, started anew by {@link enter}.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #stopped = new AbortController();
  #lastMs: number;
  #phaseEndsMs = Number.POSITIVE_INFINITY;
  #watching = false;

  constructor(clock: Clock, idleMs: number, shortestMs: number, giveUp: (error: SwarmError) => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#lastMs = clock.nowMs();
    void this.#watch(Math.max(1, Math.ceil(shortestMs / looksPerLimit)), giveUp);
  }

  /** Something moved. */
  touch(): void {
    this.#lastMs = this.#clock.nowMs();
  }

  /** From now on progress is expected, and the end of the phase within `limitMs`. */
  enter(limitMs: number): void {
    this.#lastMs = this.#clock.nowMs();
    this.#phaseEndsMs = this.#lastMs + limitMs;
    this.#watching = true;
  }

  /** Nothing is expected of the other side until the next {@link enter}. */
  rest(): void {
    this.#watching = false;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #watch(everyMs: number, giveUp: (error: SwarmError) => void): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(everyMs, signal);
      } catch {
        return;
      }
      const nowMs = this.#clock.nowMs();
      if (!this.#watching || (nowMs - this.#lastMs < this.#idleMs && nowMs < this.#phaseEndsMs)) continue;
      giveUp(new SwarmError('transfer_stalled', 'the other side stopped sending', { status: 'temporary' }));
      return;
    }
  }
}
