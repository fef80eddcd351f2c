import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HoldClock } from './hold-clock.ts';
import { advanceByContact, advanceByMonotonic, holdLeftMs, newHoldClock } from './hold-clock.ts';

const day = 86_400_000;
const contact = (ownMs: number, coordinatorMs: number) => ({ ownMs, coordinatorMs });

describe('the clock of a hold', () => {
  it('counts what runs, and over sleep and power-off what both clocks agree on', () => {
    let clock = advanceByContact(newHoldClock, contact(1000, 5000));
    clock = advanceByMonotonic(clock, 600);
    expect(clock.elapsedMs).toBe(600);
    clock = advanceByContact(clock, contact(1000 + day, 5000 + day + 40));
    expect(clock.elapsedMs).toBe(day);
    expect(holdLeftMs(clock, 0, 14 * day)).toBe(13 * day);
  });

  it('is not moved by an own clock set forward, nor by a coordinator that lies', () => {
    const start = advanceByContact(newHoldClock, contact(0, 0));
    expect(advanceByContact(start, contact(400 * day, 60_000)).elapsedMs).toBe(60_000);
    expect(advanceByContact(start, contact(60_000, 400 * day)).elapsedMs).toBe(60_000);
    expect(advanceByMonotonic(start, -5).elapsedMs).toBe(0);
  });

  it('proves nothing by a first contact', () => {
    expect(advanceByContact(newHoldClock, contact(900 * day, 900 * day)).elapsedMs).toBe(0);
  });

  /** True time passes in steps; each step the program runs or not, and one of the two clocks is set at will. */
  const step = fc.record({
    passMs: fc.integer({ min: 0, max: 3 * day }),
    running: fc.boolean(),
    lieMs: fc.integer({ min: -30 * day, max: 30 * day }),
    contact: fc.boolean(),
  });

  it.each(['own', 'coordinator'] as const)('never runs ahead of true time while only the %s clock lies', (liar) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let trueMs = 0;
        let lie = 0;
        let clock: HoldClock = newHoldClock;
        for (const s of steps) {
          trueMs += s.passMs;
          lie += s.lieMs;
          if (s.running) clock = advanceByMonotonic(clock, s.passMs);
          const own = 1e12 + trueMs + (liar === 'own' ? lie : 0);
          const coordinator = 2e12 + trueMs + (liar === 'coordinator' ? lie : 0);
          const before = clock.elapsedMs;
          if (s.contact) clock = advanceByContact(clock, contact(own, coordinator));
          if (clock.elapsedMs > trueMs || clock.elapsedMs < before) return false;
        }
        return true;
      }),
    );
  });

  it('comes to true time when both clocks are right, however often the machine sleeps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let trueMs = 0;
        let clock = advanceByContact(newHoldClock, contact(5, 7));
        for (const s of steps) {
          trueMs += s.passMs;
          if (s.running) clock = advanceByMonotonic(clock, s.passMs);
        }
        clock = advanceByContact(clock, contact(5 + trueMs, 7 + trueMs));
        return clock.elapsedMs === trueMs;
      }),
    );
  });
});
