import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HOURS_OF_WEEK, PresenceHistory, hourOfWeek } from './presence-history.ts';
import { defaultDurabilitySettings as settings } from './settings.ts';

const hour = 3_600_000;

describe('presence of a device', () => {
  it.each([
    [Date.UTC(2026, 5, 1), 0],
    [Date.UTC(2026, 5, 1, 1), 1],
    [Date.UTC(2026, 5, 7, 23, 59), 167],
    [Date.UTC(1969, 11, 29), 0],
  ])('hour of the week of %d is %d', (atMs, expected) => expect(hourOfWeek(atMs)).toBe(expected));

  it('learns an office week, and forgets it when the desk moves', () => {
    let history = PresenceHistory.empty();
    expect(history.average(settings)).toBe(settings.presence.unknownHour);
    const live = (weeks: number, there: (hour: number) => boolean): void => {
      for (let at = 0; at < weeks * HOURS_OF_WEEK; at += 1)
        history = history.withHour(at % HOURS_OF_WEEK, there(at % HOURS_OF_WEEK), settings);
    };
    live(4, (at) => at < 120 && at % 24 >= 8 && at % 24 < 18);
    expect(history.average(settings)).toBeCloseTo(50 / 168, 5);
    expect([history.at(9, settings), history.at(3, settings), history.at(130, settings)]).toEqual([1, 0, 0]);
    live(30, () => false);
    expect(history.average(settings)).toBe(0);
  });

  it('knows the absence that nearly all of its absences stay below, once it saw enough', () => {
    let history = PresenceHistory.empty();
    for (let n = 0; n < 19; n += 1) history = history.withGap(14 * hour);
    expect(history.gap95Ms(settings)).toBeNull();
    history = history.withGap(62 * hour);
    expect(history.gap95Ms(settings)! / hour).toBeGreaterThanOrEqual(14);
    expect(history.gap95Ms(settings)! / hour).toBeLessThan(14 * 2 ** 0.5);
    for (let n = 0; n < 5; n += 1) history = history.withGap(62 * hour);
    expect(history.gap95Ms(settings)! / hour).toBeGreaterThanOrEqual(62);
  });

  it('stays within its bytes and its bounds whatever happens, and comes back from them', () => {
    const event = fc.oneof(
      fc.record({ hour: fc.integer({ min: 0, max: 167 }), seen: fc.boolean() }),
      fc.record({ gapMs: fc.integer({ min: 0, max: 2 ** 45 }), times: fc.integer({ min: 1, max: 300 }) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let history = PresenceHistory.empty();
        for (const e of events) {
          if ('hour' in e) history = history.withHour(e.hour, e.seen, settings);
          else for (let n = 0; n < e.times; n += 1) history = history.withGap(e.gapMs);
        }
        expect(history.bytes).toHaveLength(252);
        expect(history.average(settings)).toBeGreaterThanOrEqual(0);
        expect(history.average(settings)).toBeLessThanOrEqual(1);
        expect(PresenceHistory.fromBytes(history.bytes).bytes).toEqual(history.bytes);
      }),
    );
  });

  it('refuses bytes that are none', () => {
    for (const bytes of [new Uint8Array(251), new Uint8Array(252).fill(252)])
      expect(() => PresenceHistory.fromBytes(bytes)).toThrow(expect.objectContaining({ code: 'presence_invalid' }));
  });
});
