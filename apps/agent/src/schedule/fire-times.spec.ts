import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTask } from 'node-cron';
import { fireTimes } from './fire-times.ts';

const at = (text: string): number => Date.parse(text);
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

describe('fireTimes', () => {
  const table: readonly [name: string, cron: string, zone: string, now: string, previous: string | undefined, next: string | undefined][] =
    [
      ['every evening', '0 18 * * *', 'UTC', '2026-11-22T17:59:59.999Z', '2026-11-21T18:00:00.000Z', '2026-11-22T18:00:00.000Z'],
      ['at the very moment', '0 18 * * *', 'UTC', '2026-11-22T18:00:00.000Z', '2026-11-22T18:00:00.000Z', '2026-11-23T18:00:00.000Z'],
      ['in another zone', '0 18 * * *', 'Asia/Kolkata', '2026-11-22T12:31:00Z', '2026-11-22T12:30:00.000Z', '2026-11-23T12:30:00.000Z'],
      ['with seconds', '*/7 * * * * *', 'UTC', '2026-11-22T17:00:57.5Z', '2026-11-22T17:00:56.000Z', '2026-11-22T17:01:00.000Z'],
      ['weekdays by name', '30 8 * * mon-fri', 'UTC', '2026-11-22T17:00:00Z', '2026-11-20T08:30:00.000Z', '2026-11-23T08:30:00.000Z'],
      ['last day of the month', '0 3 L * *', 'UTC', '2026-02-10T00:00:00Z', '2026-01-31T03:00:00.000Z', '2026-02-28T03:00:00.000Z'],
      ['29 February', '0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', '2024-02-29T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
      ['never within eight years: a 29 February that is a Monday', '0 0 29 2 1', 'UTC', '2026-01-01T00:00:00Z', undefined, undefined],
      // Berlin, spring: 02:00 becomes 03:00 on 29 March 2026 at 01:00Z.
      [
        'a time that the spring change skips fires at its end',
        '30 2 * * *',
        'Europe/Berlin',
        '2026-03-29T00:00:00Z',
        '2026-03-28T01:30:00.000Z',
        '2026-03-29T01:00:00.000Z',
      ],
      ['and once only', '30 2 * * *', 'Europe/Berlin', '2026-03-29T01:00:00Z', '2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'],
      [
        'every half hour skips nothing in spring',
        '*/30 * * * *',
        'Europe/Berlin',
        '2026-03-29T00:45:00Z',
        '2026-03-29T00:30:00.000Z',
        '2026-03-29T01:00:00.000Z',
      ],
      // Berlin, autumn: 03:00 becomes 02:00 on 25 October 2026 at 01:00Z.
      [
        'a repeated time fires at its first',
        '30 2 * * *',
        'Europe/Berlin',
        '2026-10-25T00:00:00Z',
        '2026-10-24T00:30:00.000Z',
        '2026-10-25T00:30:00.000Z',
      ],
      [
        'and not at its second',
        '30 2 * * *',
        'Europe/Berlin',
        '2026-10-25T00:30:00Z',
        '2026-10-25T00:30:00.000Z',
        '2026-10-26T01:30:00.000Z',
      ],
      [
        'every half hour counts the repeated hour',
        '*/30 * * * *',
        'Europe/Berlin',
        '2026-10-25T01:10:00Z',
        '2026-10-25T01:00:00.000Z',
        '2026-10-25T01:30:00.000Z',
      ],
      [
        'just before the repeated hour',
        '*/30 * * * *',
        'Europe/Berlin',
        '2026-10-25T00:45:00Z',
        '2026-10-25T00:30:00.000Z',
        '2026-10-25T01:00:00.000Z',
      ],
    ];
  it.each(table)('%s: %s in %s at %s', (_name, cron, zone, now, previous, next) => {
    const fires = fireTimes(cron, zone);
    expect([iso(fires.previous(at(now))), iso(fires.next(at(now)))]).toEqual([previous, next]);
  });

  it.each([
    ['not cron', 'UTC'],
    ['0 25 * * *', 'UTC'],
    ['0 0 31 4 *', 'UTC'],
    ['0 18 * * *', 'Europe/Atlantis'],
    ['', 'UTC'],
  ])('refuses "%s" in %s', (cron, zone) => {
    expect(() => fireTimes(cron, zone)).toThrow(expect.objectContaining({ code: 'schedule_invalid' }));
  });

  const field = (max: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 0, max }).map(String),
      fc.integer({ min: 2, max: 15 }).map((n) => `*/${n}`),
    );
  const expression = fc.tuple(field(59), field(59), field(23)).map(([second, minute, hour]) => `${second} ${minute} ${hour} * * *`);
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe');
  const instants = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z') });

  it('agrees with node-cron on what a fire time is, away from clock changes', () => {
    fc.assert(
      fc.property(expression, zones, instants, (cron, zone, nowMs) => {
        const fires = fireTimes(cron, zone);
        const next = fires.next(nowMs)!;
        // node-cron knows nothing of times that a change skips.
        fc.pre(fires.next(next - 1) === next && Math.abs(nowMs - next) < 2 * 86_400_000 && !nearChange(next, zone));
        expect(createTask(cron, () => undefined, { timezone: zone }).match(new Date(next))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it("next and previous are each other's inverse, with nothing in between", () => {
    fc.assert(
      fc.property(expression, zones, instants, (cron, zone, nowMs) => {
        const fires = fireTimes(cron, zone);
        const next = fires.next(nowMs)!;
        const previous = fires.previous(nowMs)!;
        expect(next).toBeGreaterThan(nowMs);
        expect(previous).toBeLessThanOrEqual(nowMs);
        expect(fires.previous(next)).toBe(next);
        expect(fires.next(previous)).toBe(next);
        expect(fires.previous(next - 1)).toBe(previous);
      }),
      { numRuns: 25 },
    );
  });
});

function nearChange(ms: number, zone: string): boolean {
  const offset = (t: number): string => new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).format(t).slice(-6);
  return offset(ms - 7_200_000) !== offset(ms + 7_200_000);
}
