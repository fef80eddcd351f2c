import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '#libs/kernel/testing';
import { Backoff } from '../coordinator-client/backoff.ts';
import { Coalesced } from './coalesced.ts';

/** A clock whose sleeps end when the test says so. */
function handClock() {
  const sleeps: { readonly ms: number; wake(): void }[] = [];
  return {
    sleeps,
    nowMs: () => 0,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        sleeps.push({ ms, wake: resolve });
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
  };
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

function failing(times: number, clock: ReturnType<typeof handClock>, signal = new AbortController().signal) {
  const runs: number[] = [];
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    runs.push(runs.length);
    if (runs.length <= times) throw new Error(`run ${runs.length}`);
  };
  const backoff = new Backoff(1000, 60_000, seededRandom(1));
  return { runs, failures, coalesced: new Coalesced(work, (error) => failures.push(error), { clock, backoff, signal }) };
}

describe('work that hints ask for', () => {
  it('runs once more for any number of hints while it runs', async () => {
    let runs = 0;
    const work = new Coalesced(
      async () => {
        runs += 1;
        await turns();
      },
      () => undefined,
    );
    const first = work.ask();
    for (let n = 0; n < 5; n += 1) void work.ask();
    await first;
    expect(runs).toBe(2);
  });

  it('is tried again by itself after a failure, later and later, until it succeeds', async () => {
    const clock = handClock();
    const { runs, failures, coalesced } = failing(3, clock);
    await coalesced.ask();
    for (let n = 0; n < 3; n += 1) {
      await turns();
      expect(clock.sleeps).toHaveLength(n + 1);
      clock.sleeps[n]!.wake();
    }
    await turns();
    expect([runs.length, failures.length, clock.sleeps.length]).toEqual([4, 3, 3]);
    expect(clock.sleeps[2]!.ms).toBeGreaterThan(clock.sleeps[0]!.ms);
  });

  it('runs at once when a hint comes while it waits, and not a second time for the waiting', async () => {
    const clock = handClock();
    const { runs, coalesced } = failing(1, clock);
    await coalesced.ask();
    await turns();
    await coalesced.ask();
    clock.sleeps[0]!.wake();
    await turns();
    expect([runs.length, clock.sleeps.length]).toEqual([2, 1]);
  });

  it('waits no more once everything stops', async () => {
    const stop = new AbortController();
    const clock = handClock();
    const { runs, coalesced } = failing(9, clock, stop.signal);
    await coalesced.ask();
    await turns();
    stop.abort(new DOMException('stop', 'AbortError'));
    await turns();
    clock.sleeps[0]!.wake();
    await turns();
    expect(runs).toHaveLength(1);
    await coalesced.ask();
    await turns();
    expect(clock.sleeps).toHaveLength(1);
  });

  it('without a retry the next hint tries again', async () => {
    let runs = 0;
    const failures: unknown[] = [];
    const work = new Coalesced(
      async () => {
        runs += 1;
        throw new Error('no');
      },
      (error) => failures.push(error),
    );
    await work.ask();
    await work.ask();
    expect([runs, failures.length]).toEqual([2, 2]);
  });
});
