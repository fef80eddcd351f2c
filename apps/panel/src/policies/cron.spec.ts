import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createTask } from 'node-cron';
import { parseCron } from './cron-expression.ts';
import { cronWords } from './cron-words.ts';
import { nextRuns } from './next-runs.ts';

const iso = (times: readonly number[]): string[] => times.map((at) => new Date(at).toISOString());

describe('cron words', () => {
  it.each([
    ['0 18 * * *', 'At 18:00, every day'],
    ['*/15 * * * *', 'Every 15 minutes'],
    ['* * * * *', 'Every minute'],
    ['*/5 * * * * *', 'Every 5 seconds'],
    ['30 18,22 * * 1-5', 'At 18:30 and 22:30, on working days (Monday to Friday)'],
    ['0 3 * * sat,sun', 'At 03:00, on Saturday and Sunday'],
    ['0 0 1 */3 *', 'At 00:00, on day 1 of the month, only in January, April, July, and October'],
    ['5 * * * *', 'Every hour at 05 minutes past'],
    ['*/20 9 * * 7', 'Every 20 minutes during the hour 09:00, on Sunday'],
  ])('%s is “%s”', (expression, words) => {
    expect(cronWords(expression)).toBe(words);
  });

  it.each([
    ['', /5 fields/],
    ['0 18 * *', /this has 4/],
    ['0 25 * * *', /hour 25 is outside 0 to 23/],
    ['a * * * *', /“a” is not a minute/],
    ['0 18-9 * * *', /counts backwards/],
    ['*/0 * * * *', /is not a minute/],
    ['0 0 32 * *', /day of the month 32/],
  ])('refuses “%s” in words', (expression, message) => {
    expect(() => cronWords(expression)).toThrow(message);
  });
});

describe('next runs', () => {
  it('counts in the zone of the policy, also over the change to winter time', () => {
    const after = Date.parse('2026-10-24T00:00:00Z');
    expect(iso(nextRuns(parseCron('0 18 * * *'), 'Europe/Berlin', after, 3))).toEqual([
      '2026-10-24T16:00:00.000Z',
      '2026-10-25T17:00:00.000Z',
      '2026-10-26T17:00:00.000Z',
    ]);
  });

  it('leaves out a time that summer time skips', () => {
    const after = Date.parse('2026-03-28T12:00:00Z');
    expect(iso(nextRuns(parseCron('30 2 * * *'), 'Europe/Berlin', after, 1))).toEqual(['2026-03-30T00:30:00.000Z']);
  });

  it('finds none for a day that never comes', () => {
    expect(nextRuns(parseCron('0 0 30 2 *'), 'UTC', 0, 3)).toEqual([]);
  });

  it('finds the next leap day', () => {
    expect(iso(nextRuns(parseCron('0 0 29 2 *'), 'UTC', Date.parse('2026-01-01T00:00:00Z'), 1))).toEqual(['2028-02-29T00:00:00.000Z']);
  });

  it('names the same times as the agent’s own scheduler', () => {
    const part = (min: number, max: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min, max }).map(String),
        fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
        fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 3 }).map((values) => values.join(',')),
        fc.integer({ min: 2, max: 9 }).map((step) => `*/${step}`),
      );
    const expression = fc.tuple(part(0, 59), part(0, 23), part(1, 28), part(1, 12), part(0, 6)).map((fields) => fields.join(' '));
    fc.assert(
      fc.property(expression, fc.constantFrom('UTC', 'Asia/Tokyo', 'America/Phoenix'), (cron, timezone) => {
        const task = createTask(cron, () => undefined, { timezone });
        const theirs = task.getNextRuns(3).map((date) => date.getTime());
        void task.destroy();
        expect(nextRuns(parseCron(cron), timezone, Date.now(), 3).slice(0, 2)).toEqual(theirs.slice(0, 2));
      }),
      { numRuns: 60 },
    );
  });
});
