import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ManualClock } from '#libs/kernel/testing';
import type { Link } from '../network/link.ts';
import type { RatesOfLinks } from './link-rates.ts';
import { LinkRates, ratesOfLinks } from './link-rates.ts';

const hour = 3_600_000;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Endless takers, one a link, each with pieces of `piece` bytes; `taken` counts what they got. */
function taking(rates: LinkRates, links: readonly Link[], piece: number) {
  const taken = new Map<Link, number>();
  const stop = new AbortController();
  for (const link of links) {
    taken.set(link, 0);
    const pace = rates.of(link);
    void (async () => {
      // A take that never waits would keep everybody else from running.
      for (;;) {
        await pace.take(piece, stop.signal);
        taken.set(link, taken.get(link)! + piece);
        if (pace.unlimited) await new Promise(() => undefined);
      }
    })().catch(() => undefined);
  }
  return { taken, stop: () => stop.abort(new Error('enough')) };
}

/** Bytes a second that each link gets while all of them want as much as they can have. */
async function measure(given: RatesOfLinks, links: readonly Link[], piece = 100): Promise<Record<string, number>> {
  const clock = new ManualClock();
  const { taken, stop } = taking(new LinkRates(clock, given), links, piece);
  await settled();
  const burst = new Map(taken);
  const seconds = 60;
  await clock.advance(seconds * 1_000);
  stop();
  return Object.fromEntries(links.map((link) => [link, (taken.get(link)! - burst.get(link)!) / seconds]));
}

describe('limits by link', () => {
  it('are one for all where none has its own', async () => {
    const { lan, direct, relay } = await measure({ general: 1_000 }, ['lan', 'direct', 'relay']);
    expect(lan! + direct! + relay!).toBeCloseTo(1_000, -2);
    for (const share of [lan!, direct!, relay!]) expect(share).toBeGreaterThan(200);
  });

  it('a local network with its own leaves the general one to the others', async () => {
    const { lan, direct } = await measure({ general: 1_000, lan: 5_000 }, ['lan', 'direct']);
    expect(lan).toBeCloseTo(5_000, -2);
    expect(direct).toBeCloseTo(1_000, -2);
  });

  it('null frees the local network alone', async () => {
    const rates = new LinkRates(new ManualClock(), { general: 1, lan: null });
    expect((['lan', 'direct', 'relay'] as const).map((link) => rates.of(link).unlimited)).toEqual([true, false, false]);
    await rates.of('lan').take(1e12);
  });

  it('the relay has its own besides the general one, and waits for the slower of both, not for their sum', async () => {
    // Pieces of many seconds: no allowance of the other limit has gathered while one is waited for.
    expect((await measure({ general: 20, relay: 10 }, ['relay'])).relay).toBeCloseTo(10, -1);
    expect((await measure({ general: 10, relay: 20 }, ['relay'])).relay).toBeCloseTo(10, -1);
    expect((await measure({ general: 10, relay: 10 }, ['relay'])).relay).toBeGreaterThanOrEqual(8);
    expect((await measure({ general: 10, relay: null }, ['relay'])).relay).toBeGreaterThanOrEqual(8);
    expect((await measure({ general: null, relay: 10 }, ['relay'])).relay).toBeGreaterThanOrEqual(8);
    const { relay, direct } = await measure({ general: 1_000, relay: 200 }, ['relay', 'direct'], 50);
    expect(relay).toBeCloseTo(200, -2);
    expect(relay! + direct!).toBeCloseTo(1_000, -2);
  });

  it('never let more through than the limits of a link, whatever is asked', async () => {
    const rate = fc.option(fc.integer({ min: 10, max: 10_000 }));
    const given = fc.record({ general: rate, lan: rate, relay: rate }, { requiredKeys: ['general'] }) as fc.Arbitrary<RatesOfLinks>;
    const wants = fc.array(fc.record({ link: fc.constantFrom<Link>('lan', 'direct', 'relay'), bytes: fc.nat(5_000) }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(given, wants, async (rates, wanted) => {
        const clock = new ManualClock();
        const begunMs = clock.nowMs();
        const limits = new LinkRates(clock, rates);
        const went: { link: Link; bytes: number; atMs: number }[] = [];
        const all = wanted.map(async ({ link, bytes }) => {
          await limits.of(link).take(bytes);
          went.push({ link, bytes, atMs: clock.nowMs() });
        });
        await clock.advance(100 * hour);
        await Promise.all(all);
        const shared = (link: Link): boolean => link !== 'lan' || rates.lan === undefined;
        const buckets = [
          { rate: rates.general, fits: shared },
          { rate: rates.lan ?? null, fits: (link: Link) => link === 'lan' },
          { rate: rates.relay ?? null, fits: (link: Link) => link === 'relay' },
        ];
        for (const { rate: allowed, fits } of buckets) {
          if (allowed === null) continue;
          for (const { atMs } of went) {
            const bytes = went.filter((one) => fits(one.link) && one.atMs <= atMs).reduce((sum, one) => sum + one.bytes, 0);
            // A second's burst, and a millisecond for rounding.
            expect(bytes).toBeLessThanOrEqual((allowed * (atMs - begunMs + 1_001)) / 1_000);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('new rates', () => {
  const waits = (rates: LinkRates, link: Link, bytes: number, signal?: AbortSignal) => {
    const state = { over: false };
    void rates
      .of(link)
      .take(bytes, signal)
      .then(
        () => (state.over = true),
        () => undefined,
      );
    return state;
  };

  it.each<[string, Link, RatesOfLinks, RatesOfLinks]>([
    ['a limit that is lifted', 'direct', { general: 1 }, { general: null }],
    ['a local network that gets its own', 'lan', { general: 1 }, { general: 1, lan: null }],
    ['one whose own is lifted', 'lan', { general: 1, lan: 1 }, { general: 1, lan: null }],
    ['one whose own is taken away', 'lan', { general: null, lan: 1 }, { general: null }],
    ['a relay whose own is taken away', 'relay', { general: null, relay: 1 }, { general: null }],
  ])('let go at once of what waits for %s', async (_what, link, before, after) => {
    const rates = new LinkRates(new ManualClock(), before);
    const waiting = waits(rates, link, 1e6);
    await settled();
    expect(waiting.over).toBe(false);
    rates.set(after);
    await settled();
    expect(waiting.over).toBe(true);
  });

  it('hold for what waits: no more goes than they allow', async () => {
    const clock = new ManualClock();
    const rates = new LinkRates(clock, { general: 1 });
    const waiting = [1, 2, 3].map(() => waits(rates, 'direct', 1_000));
    await settled();
    rates.set({ general: 1_000 });
    await settled();
    const over = (): number => waiting.filter((one) => one.over).length;
    expect(over()).toBe(1);
    await clock.advance(1_000);
    expect(over()).toBe(2);
    await clock.advance(1_000);
    expect(over()).toBe(3);
  });

  it('that are the old ones give nothing away', async () => {
    const clock = new ManualClock();
    const rates = new LinkRates(clock, { general: 100, lan: 50 });
    await rates.of('direct').take(100);
    const waiting = waits(rates, 'direct', 100);
    for (let n = 0; n < 9; n += 1) {
      await clock.advance(100);
      rates.set({ general: 100, lan: 50 });
      await settled();
    }
    expect(waiting.over).toBe(false);
    await clock.advance(100);
    expect(waiting.over).toBe(true);
  });
});

describe('what waits', () => {
  it('ends with the signal’s reason, and at once when that was given before', async () => {
    const rates = new LinkRates(new ManualClock(), { general: 1 });
    const stop = new AbortController();
    const waiting = rates.of('direct').take(1e6, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(rates.of('direct').take(1e6, stop.signal)).rejects.toThrow('enough');
    // Those who gave up wait no more for anything.
    rates.set({ general: null });
    await rates.of('direct').take(1e6);
  });

  it('does not wait longer for a clock that is set back, nor less for one that is set forward', async () => {
    let shiftMs = 0;
    const manual = new ManualClock();
    const clock = { nowMs: () => manual.nowMs() + shiftMs, sleep: manual.sleep.bind(manual) };
    const pace = new LinkRates(clock, { general: 100 }).of('direct');
    await pace.take(100);
    for (const jumpMs of [-24 * hour, 24 * hour]) {
      let over = false;
      shiftMs += jumpMs;
      // After a jump forward a second's worth is free: taken first.
      if (jumpMs > 0) await pace.take(100);
      const waiting = pace.take(100).then(() => (over = true));
      await manual.advance(900);
      expect(over).toBe(false);
      await manual.advance(100);
      await waiting;
    }
  });

  it('waits longer than a timer can when the rate is next to nothing', async () => {
    const slept: number[] = [];
    const manual = new ManualClock();
    const clock = {
      nowMs: () => manual.nowMs(),
      sleep: (ms: number, signal?: AbortSignal) => {
        slept.push(ms);
        return manual.sleep(ms, signal);
      },
    };
    const waiting = new LinkRates(clock, { general: 0 }).of('direct').take(3_000_000);
    await manual.advance(3_000_000_000);
    await waiting;
    // setTimeout takes 2^31 - 1 ms at most, and fires at once beyond that.
    expect(Math.max(...slept)).toBeLessThan(2 ** 31);
    expect(slept.reduce((sum, ms) => sum + ms)).toBe(2_999_999_000);
  });
});

describe('the rates of a direction', () => {
  const rates = (upload: number | null, download: number | null) => ({ uploadBytesPerSecond: upload, downloadBytesPerSecond: download });

  it.each([
    [undefined, { general: null }],
    [rates(1, 2), { general: 1 }],
    [
      { ...rates(null, 2), lan: rates(null, 4) },
      { general: null, lan: null },
    ],
    [
      { ...rates(1, 2), lan: undefined, relay: rates(5, null) },
      { general: 1, relay: 5 },
    ],
  ])('of %j', (given, expected) => {
    expect(ratesOfLinks(given, 'uploadBytesPerSecond')).toEqual(expected);
  });
});
