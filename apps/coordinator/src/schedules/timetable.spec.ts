import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTask } from 'node-cron';
import { nextFireOf } from './fire-times.ts';
import { Timetable } from './timetable.ts';

const at = (text: string): number => Date.parse(text);
const day = 86_400_000;
const start = at('2026-11-26T12:00:00Z');

describe('when a cron expression fires, in UTC', () => {
  it.each([
    ['* * * * * *', '2026-11-26T12:00:00.500Z', '2026-11-26T12:00:01Z'],
    ['* * * * *', '2026-11-26T12:00:00Z', '2026-11-26T12:01:00Z'],
    ['*/10 * * * * *', '2026-11-26T12:00:55Z', '2026-11-26T12:01:00Z'],
    ['17 * * * *', '2026-11-26T12:17:00Z', '2026-11-26T13:17:00Z'],
    ['30 3 * * *', '2026-11-26T23:59:59Z', '2026-11-27T03:30:00Z'],
    ['0 0 1 1 *', '2026-11-26T12:00:00Z', '2027-01-01T00:00:00Z'],
    ['0 4 29 2 *', '2026-11-26T12:00:00Z', '2028-02-29T04:00:00Z'],
    ['0 4 L * *', '2026-11-26T12:00:00Z', '2026-11-30T04:00:00Z'],
    ['0 4 * * sun', '2026-11-26T12:00:00Z', '2026-11-29T04:00:00Z'],
  ])('%s after %s', (cron, after, next) => expect(nextFireOf(cron)(at(after))).toBe(at(next)));

  it('never, for a day that does not come within eight years', () => {
    // A fifth Friday in February: 2036.
    expect(nextFireOf('0 4 * 2 5#5')(start)).toBeNull();
    expect(nextFireOf('0 4 * 2 5#5')(at('2030-01-01T00:00:00Z'))).toBe(at('2036-02-29T04:00:00Z'));
  });

  it('is the first second after it that node-cron takes', () => {
    const field = (max: number) => fc.oneof(fc.constant('*'), fc.integer({ min: 0, max }).map(String), fc.constant('*/7'));
    fc.assert(
      fc.property(field(59), field(59), field(23), fc.integer({ min: 0, max: 3 * day }), (second, minute, hour, offsetMs) => {
        const cron = `${second} ${minute} ${hour} * * *`;
        const next = nextFireOf(cron)(start + offsetMs)!;
        const task = createTask(cron, () => undefined, { timezone: 'UTC' });
        expect(task.match(new Date(next))).toBe(true);
        // None in between: looked at second by second near both ends, the whole of it for what is soon.
        const first = Math.floor((start + offsetMs) / 1000) * 1000 + 1000;
        for (let t = first; t < Math.min(next, first + 120_000); t += 1000) expect(task.match(new Date(t))).toBe(false);
        for (let t = Math.max(first, next - 120_000); t < next; t += 1000) expect(task.match(new Date(t))).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the timetable', () => {
  const aTable = (): Timetable => {
    const table = new Timetable(start);
    table.add('seconds', '*/10 * * * * *', start);
    table.add('hourly', '17 * * * *', start);
    table.add('nightly', '30 3 * * *', start);
    return table;
  };

  it('says what is due, and how long until the next', () => {
    const table = aTable();
    expect(table.beat(start)).toEqual({ due: [], waitMs: 10_000 });
    expect(table.beat(start + 10_000)).toEqual({ due: ['seconds'], waitMs: 10_000 });
    expect(table.beat(start + 17 * 60_000)).toEqual({ due: ['seconds', 'hourly'], waitMs: 10_000 });
    const idle = new Timetable(start);
    idle.add('nightly', '30 3 * * *', start);
    // Longer than that no timer is trusted.
    expect(idle.beat(start)).toEqual({ due: [], waitMs: 30_000 });
  });

  it('catches each up once after weeks, at once', () => {
    const table = aTable();
    const later = start + 8 * 7 * day;
    expect(table.beat(later)).toEqual({ due: ['seconds', 'hourly', 'nightly'], waitMs: 10_000 });
    expect(table.beat(later)).toEqual({ due: [], waitMs: 10_000 });
  });

  it('goes on after the clock was put back', () => {
    const table = aTable();
    table.beat(start + 8 * 7 * day);
    expect(table.beat(start)).toEqual({ due: [], waitMs: 10_000 });
    expect(table.beat(start + 10_000).due).toEqual(['seconds']);
    expect(table.beat(start + 17 * 60_000).due).toEqual(['seconds', 'hourly']);
  });

  it('is not thrown off by a clock that goes on while it works', () => {
    const table = aTable();
    const runs = new Map<string, number>();
    for (let now = start; now <= start + day + 1000;) {
      const { due, waitMs } = table.beat(now);
      for (const name of due) runs.set(name, (runs.get(name) ?? 0) + 1);
      // A timer is never early and sometimes late.
      now += waitMs + (now % 7);
    }
    expect(Object.fromEntries(runs)).toEqual({ seconds: 8640, hourly: 24, nightly: 1 });
  });
});
