import { describe, expect, it } from '@jest/globals';
import { scanLimits } from './limits.ts';
import { Pace } from './pace.ts';

/** Calls one after the other, each with something else before it. Gives when it became slow. */
function calls(
  pace: Pace,
  clock: { now: number },
  count: number,
  callMs: (i: number) => number,
  betweenMs: number,
  before: (i: number) => void = () => undefined,
): number | undefined {
  for (let i = 0; i < count; i += 1) {
    before(i);
    const start = (clock.now += betweenMs);
    const tookMs = callMs(i);
    clock.now += tookMs;
    pace.took(start, clock.now);
    if (pace.isSlow) return clock.now;
  }
  return undefined;
}

function started(): { clock: { now: number; held: number }; pace: Pace } {
  const clock = { now: 5, held: 1000 };
  const pace = new Pace(
    () => clock.now,
    () => clock.held,
  );
  return { clock, pace };
}

describe('pace', () => {
  it('is slow within two windows where a disk is asked each time, however slow it is', () => {
    for (const callMs of [0.5, 3, 12]) {
      const { clock, pace } = started();
      expect(calls(pace, clock, 1_000, () => callMs, 0.05)).toBeLessThan(5 + 2 * scanLimits.windowMs);
    }
    const { clock, pace } = started();
    expect(calls(pace, clock, 10, () => 300, 0.05)).toBeCloseTo(5 + scanLimits.slowCalls * 300.05, 6);
  });

  it('is slow where only some calls wait, but most of the time is theirs', () => {
    const { clock, pace } = started();
    expect(calls(pace, clock, 10_000, (i) => (i % 50 === 0 ? 2 : 0.003), 0.01)).toBeDefined();
  });

  it('is not slow where answers come from memory, where a call is held up once in a while, or where others are waited for', () => {
    for (const [callMs, betweenMs] of [
      [() => 0.05, 0.001],
      [(i: number) => (i % 20_000 === 19_999 ? 40 : 0.003), 0.003],
      [() => 2, 20],
    ] as const) {
      const { clock, pace } = started();
      expect(calls(pace, clock, 100_000, callMs, betweenMs)).toBeUndefined();
    }
  });

  it('is not slow where others have the cores, and slow where there is a disk to wait for all the same', () => {
    const { clock, pace } = started();
    // Nine tenths of the time are taken away, half of that in calls.
    const interrupted = (): number => {
      clock.held += 10;
      return 10;
    };
    const busy = (diskMs: number) =>
      calls(
        pace,
        clock,
        20_000,
        (i) => (i % 200 === 0 ? interrupted() : i % 50 === 1 ? diskMs : 0.003),
        0.003,
        (i) => void (clock.now += i % 200 === 100 ? interrupted() : 0),
      );
    expect(busy(0.003)).toBeUndefined();
    expect(busy(2)).toBeDefined();
  });

  it('tries again after a while, after a longer one where it was so again', () => {
    const { clock, pace } = started();
    let times = 0;
    for (let forMs: number = scanLimits.slowForMs; forMs <= scanLimits.slowForMostMs; forMs *= 2) {
      expect(calls(pace, clock, 1_000, () => 5, 0)).toBeDefined();
      clock.now += forMs - 1;
      expect(pace.isSlow).toBe(true);
      clock.now += 1;
      expect(pace.isSlow).toBe(false);
      times += 1;
    }
    expect(times).toBe(5);
    expect(calls(pace, clock, 10_000, () => 0.01, 0.01)).toBeUndefined();
    expect(calls(pace, clock, 1_000, () => 5, 0)).toBeDefined();
    clock.now += scanLimits.slowForMs;
    expect(pace.isSlow).toBe(false);
  });
});
