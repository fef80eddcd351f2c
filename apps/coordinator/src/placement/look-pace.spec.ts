import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LookPace } from './look-pace.ts';

const minute = 60_000;

/** Sweeps at these times, each after an arrival or not. Returns when packs were looked at. */
function looksAt(sweeps: readonly { readonly atMs: number; readonly arrival: boolean }[], parked: number): number[] {
  const pace = new LookPace();
  return sweeps.flatMap(({ atMs, arrival }) => {
    if (arrival) pace.ask();
    if (!pace.isDue(atMs)) return [];
    pace.looked(atMs, parked);
    return [atMs];
  });
}
/** A sweep every 30 s, and one after each arrival. */
const withSchedule = (arrivals: readonly number[], untilMs: number) =>
  [
    ...arrivals.map((atMs) => ({ atMs, arrival: true })),
    ...Array.from({ length: untilMs / 30_000 }, (_, n) => ({ atMs: n * 30_000, arrival: false })),
  ].sort((a, b) => a.atMs - b.atMs);

describe('looks at parked packs', () => {
  it('come at once where few are parked', () => {
    expect(looksAt(withSchedule([1000, 2000, 3000], minute), 100)).toEqual([1000, 2000, 3000]);
    expect(looksAt(withSchedule([1000, 1000, 1040], minute), 100)).toEqual([1000, 1000, 1040]);
    expect(looksAt(withSchedule([1000, 1040], minute), 1100)).toEqual([1000, 30_000]);
    expect(looksAt(withSchedule([], minute), 100)).toEqual([]);
  });

  it('are few when a thousand devices arrive within ten minutes and 100,000 packs are parked', () => {
    const arrivals = Array.from({ length: 1000 }, (_, n) => n * 600);
    const looks = looksAt(withSchedule(arrivals, 20 * minute), 100_000);
    // One at once, then one each 99 seconds, the last of them after the last arrival.
    expect(looks.length).toBeLessThanOrEqual(8);
    // The first helps at once, and the last is not forgotten.
    expect(looks[0]).toBe(0);
    expect(looks.at(-1)!).toBeGreaterThan(arrivals.at(-1)!);
  });

  it('never rest for longer than five minutes, and leave no arrival without a look', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 60 * minute }), { minLength: 1, maxLength: 200 }),
        fc.nat({ max: 5_000_000 }),
        (arrivals, parked) => {
          const looks = looksAt(withSchedule(arrivals, 90 * minute), parked);
          for (const atMs of arrivals) expect(looks.find((look) => look >= atMs)! - atMs).toBeLessThanOrEqual(5.5 * minute);
          for (const [n, look] of looks.entries())
            if (n > 0) expect(look - looks[n - 1]!).toBeGreaterThanOrEqual(Math.min(parked - 1000, 5 * minute));
        },
      ),
    );
  });
});
