import type { Clock } from '#libs/kernel';
import type { Backoff } from '../coordinator-client/backoff.ts';

/** When work that failed is tried again without being asked for. */
export interface Retry {
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/**
 * Work that is asked for by hints: many hints while it runs lead to one more run, never to two at once. Failures go to
 * `onFailure`; the next hint tries again, or, with a `retry`, time does: a hint is not repeated, and what it asked for may be waited for.
 */
export class Coalesced {
  readonly #work: () => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  readonly #retry: Retry | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #waiting: AbortController | undefined;

  constructor(work: () => Promise<void>, onFailure: (error: unknown) => void, retry?: Retry) {
    this.#work = work;
    this.#onFailure = onFailure;
    this.#retry = retry;
  }

  /** Resolves when a run that began after the call has ended. Never throws. */
  ask(): Promise<void> {
    this.#waiting?.abort();
    if (this.#running) this.#again = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #loop(): Promise<void> {
    let failed: boolean;
    do {
      this.#again = false;
      failed = false;
      await this.#work().catch((error: unknown) => {
        failed = true;
        this.#onFailure(error);
      });
    } while (this.#again);
    if (failed) void this.#askLater();
    else this.#retry?.backoff.reset();
  }

  async #askLater(): Promise<void> {
    if (!this.#retry || this.#retry.signal.aborted) return;
    const { clock, backoff, signal } = this.#retry;
    const waiting = new AbortController();
    this.#waiting = waiting;
    try {
      await clock.sleep(backoff.nextMs(), AbortSignal.any([signal, waiting.signal]));
    } catch {
      // Stopped, or asked for in the meantime.
      return;
    }
    void this.ask();
  }
}
