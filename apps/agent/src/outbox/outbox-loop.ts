import type { Clock, RandomSource } from '#libs/kernel';
import { Backoff } from '../coordinator-client/backoff.ts';
import type { Outbox } from './outbox.ts';

/** First and longest delay between tries while the coordinator can't be told. */
const retryFirstMs = 1_000;
const retryMaxMs = 60_000;

export interface OutboxLoopPorts {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Told why something waits. */
  readonly onFailure: (error: unknown) => void;
}

/** Delivers whatever is put into the outbox. While the coordinator can't be told it waits between tries, longer each time. */
export class OutboxLoop {
  readonly #outbox: Outbox;
  readonly #ports: OutboxLoopPorts;
  #hurry = new AbortController();

  constructor(outbox: Outbox, ports: OutboxLoopPorts) {
    this.#outbox = outbox;
    this.#ports = ports;
  }

  /** The coordinator was heard: what waits for another try is tried at once. One that is under way and fails is tried once more. */
  hurry(): void {
    const before = this.#hurry;
    this.#hurry = new AbortController();
    before.abort();
  }

  async runUntilStopped(signal: AbortSignal): Promise<void> {
    const { clock, random, onFailure } = this.#ports;
    const backoff = new Backoff(retryFirstMs, retryMaxMs, random);
    while (!signal.aborted) {
      const hurry = this.#hurry.signal;
      try {
        await this.#outbox.untilWaiting(signal);
        await this.#outbox.flush(signal);
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        onFailure(error);
        await clock.sleep(backoff.nextMs(), AbortSignal.any([signal, hurry])).catch(() => undefined);
        if (hurry.aborted) backoff.reset();
      }
    }
  }
}
