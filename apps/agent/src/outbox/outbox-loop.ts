import type { Clock, RandomSource } from '#libs/kernel';
import { Backoff } from '../coordinator-client/backoff.ts';
import type { Outbox } from './outbox.ts';

/** First and longest delay between tries while the coordinator can't be told. */
const retryFirstMs = 1_000;
const retryMaxMs = 60_000;

/** Delivers whatever is put into the outbox until the signal says stop. `onFailure` is told why something waits. */
export async function runOutbox(
  outbox: Outbox,
  ports: { readonly clock: Clock; readonly random: RandomSource; readonly onFailure: (error: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff(retryFirstMs, retryMaxMs, ports.random);
  while (!signal.aborted) {
    try {
      await outbox.untilWaiting(signal);
      await outbox.flush(signal);
      backoff.reset();
    } catch (error) {
      if (signal.aborted) return;
      ports.onFailure(error);
      await ports.clock.sleep(backoff.nextMs(), signal).catch(() => undefined);
    }
  }
}
