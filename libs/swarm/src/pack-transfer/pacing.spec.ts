import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '#libs/kernel/testing';
import { LinkRates } from './link-rates.ts';
import { Watchdog } from './watchdog.ts';

describe('a limit', () => {
  it('lets as many bytes a second pass as it says, over all takers, after a burst of one second', async () => {
    const clock = new ManualClock();
    const limit = new LinkRates(clock, { general: 1_000 }).of('direct');
    let taken = 0;
    const stop = new AbortController();
    const taker = async (): Promise<void> => {
      for (;;) {
        await limit.take(100, stop.signal);
        taken += 100;
      }
    };
    const takers = [taker(), taker(), taker()];
    await new Promise((resolve) => setImmediate(resolve));
    const burst = taken;
    expect(burst).toBeLessThanOrEqual(1_100);
    for (let second = 1; second <= 5; second += 1) {
      await clock.advance(1_000);
      expect(Math.abs(taken - burst - second * 1_000)).toBeLessThanOrEqual(300);
    }
    stop.abort(new Error('enough'));
    await expect(Promise.allSettled(takers)).resolves.toMatchObject([
      { status: 'rejected' },
      { status: 'rejected' },
      { status: 'rejected' },
    ]);
  });

  it('without a number it never waits, and a new number holds from the next take on', async () => {
    const clock = new ManualClock();
    const rates = new LinkRates(clock, { general: null });
    const limit = rates.of('direct');
    await limit.take(1e12);
    rates.set({ general: 10 });
    await limit.take(10);
    let waited = false;
    const next = limit.take(10).then(() => (waited = true));
    await clock.advance(500);
    expect(waited).toBe(false);
    await clock.advance(500);
    await next;
    expect(waited).toBe(true);
  });
});

describe('Watchdog', () => {
  const start = (): { clock: ManualClock; dog: Watchdog; gaveUp: string[] } => {
    const clock = new ManualClock();
    const gaveUp: string[] = [];
    return { clock, gaveUp, dog: new Watchdog(clock, 1_000, 1_000, (error) => gaveUp.push(error.code)) };
  };

  it('gives up once when nothing moves, and not while something does', async () => {
    const { clock, dog, gaveUp } = start();
    dog.enter(10_000);
    for (let i = 0; i < 9; i += 1) {
      await clock.advance(900);
      dog.touch();
    }
    expect(gaveUp).toEqual([]);
    await clock.advance(1_300);
    expect(gaveUp).toEqual(['transfer_stalled']);
    await clock.advance(10_000);
    expect(gaveUp).toHaveLength(1);
  });

  it('gives up when a phase takes too long, however busy it looks', async () => {
    const { clock, dog, gaveUp } = start();
    dog.enter(2_000);
    for (let i = 0; i < 30 && gaveUp.length === 0; i += 1) {
      await clock.advance(100);
      dog.touch();
    }
    expect(gaveUp).toEqual(['transfer_stalled']);
    expect(clock.nowMs() - new ManualClock().nowMs()).toBeLessThanOrEqual(2_300);
  });

  it('does nothing while resting or after stop', async () => {
    const { clock, dog, gaveUp } = start();
    await clock.advance(10_000);
    dog.enter(500);
    dog.rest();
    await clock.advance(10_000);
    dog.enter(500);
    dog.stop();
    await clock.advance(10_000);
    expect(gaveUp).toEqual([]);
  });
});
