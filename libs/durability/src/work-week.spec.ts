import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { without } from './time.ts';
import { officeWeek, workCalendars } from './work-week.ts';

const hour = 3_600_000;
const day = 24 * hour;
const berlin = { ...officeWeek, timeZone: 'Europe/Berlin', holidays: ['2026-12-25'] };

describe('work week', () => {
  it.each<[string, number, number, number]>([
    ['a working day', Date.UTC(2026, 5, 2), Date.UTC(2026, 5, 3), 10],
    ['a weekend', Date.UTC(2026, 5, 6), Date.UTC(2026, 5, 8), 0],
    ['a week', Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 8), 50],
    ['a night', Date.UTC(2026, 5, 2, 18), Date.UTC(2026, 5, 3, 8), 0],
    ['backwards', Date.UTC(2026, 5, 3), Date.UTC(2026, 5, 2), 0],
  ])('counts hours of %s', (_, from, to, expected) => {
    expect(workCalendars(officeWeek).hours.elapsedMs(from, to)).toBe(expected * hour);
  });

  it('keeps to the clock on the wall of its zone, summer and winter', () => {
    const { hours, days } = workCalendars(berlin);
    // 8:00 in Berlin is 6:00 UTC in June and 7:00 in December.
    expect(hours.whenElapsed(Date.UTC(2026, 5, 2), 1)).toBe(Date.UTC(2026, 5, 2, 6) + 1);
    expect(hours.whenElapsed(Date.UTC(2026, 11, 2), 1)).toBe(Date.UTC(2026, 11, 2, 7) + 1);
    // The clocks change on Sunday, 25 October 2026: Friday and Monday are whole days around it.
    expect(days.elapsedMs(Date.UTC(2026, 9, 22, 22), Date.UTC(2026, 9, 26, 23))).toBe(48 * hour);
  });

  it('leaves holidays out, but for anchors', () => {
    const { always, ...calendars } = workCalendars(berlin);
    const before = Date.UTC(2026, 11, 24, 23);
    for (const calendar of Object.values(calendars)) expect(calendar.elapsedMs(before, before + day)).toBe(0);
    expect(calendars.ordinary.elapsedMs(before, before + 3 * day)).toBe(2 * day);
    expect(always.elapsedMs(before, before + day)).toBe(day);
  });

  it.each([
    { ...officeWeek, workingDays: [] },
    { ...officeWeek, workingDays: [0] },
    { ...officeWeek, fromHour: 18, toHour: 8 },
    { ...officeWeek, toHour: 25 },
    { ...officeWeek, holidays: ['2026-02-30'] },
    { ...officeWeek, holidays: ['Christmas'] },
  ])('refuses %j', (week) => expect(() => workCalendars(week)).toThrow(expect.objectContaining({ code: 'calendar_invalid' })));

  it('refuses a zone of fairyland', () => {
    expect(() => workCalendars({ ...officeWeek, timeZone: 'Mars/Olympus' })).toThrow(
      expect.objectContaining({ code: 'invalid_time_zone' }),
    );
  });

  it('ends in a year that is one holiday, instead of looking for ever', () => {
    const all = Array.from({ length: 11 * 366 }, (_, n) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10));
    const from = Date.UTC(2026, 0, 1);
    expect(workCalendars({ ...officeWeek, holidays: all }).hours.whenElapsed(from, 1)).toBeGreaterThan(from + 9 * 365 * day);
  });

  const anyWeek = fc.record({
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia'),
    workingDays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    fromHour: fc.integer({ min: 0, max: 12 }),
    toHour: fc.integer({ min: 13, max: 24 }),
    holidays: fc.constantFrom([], ['2026-03-30', '2026-10-26']),
  });

  it('adds up, asked in any order, and names the first moment at which so much has elapsed', () => {
    const moment = fc.integer({ min: Date.UTC(2026, 1, 1), max: Date.UTC(2026, 11, 1) });
    fc.assert(
      fc.property(
        anyWeek,
        fc.array(moment, { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 1, max: 20 * day }),
        (week, moments, count) => {
          const [a, b, c] = moments.toSorted((x, y) => x - y) as [number, number, number];
          for (const plain of Object.values(workCalendars(week))) {
            for (const calendar of [plain, without(b, c, plain)]) {
              expect(calendar.elapsedMs(a, b) + calendar.elapsedMs(b, c)).toBe(calendar.elapsedMs(a, c));
              expect(calendar.elapsedMs(a, c)).toBeLessThanOrEqual(c - a);
              const when = calendar.whenElapsed(a, count);
              expect(calendar.elapsedMs(a, when)).toBe(count);
              expect(calendar.elapsedMs(a, when - 1)).toBe(count - 1);
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
