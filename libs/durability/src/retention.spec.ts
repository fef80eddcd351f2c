import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isoWeek, planRetention, type RetainedSnapshot, type RetentionRules } from './retention.ts';

const none: RetentionRules = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
const nowMs = Date.UTC(2026, 10, 22, 12);
const hour = 3_600_000;
const at = (...moments: number[]): RetainedSnapshot[] => moments.map((receivedAtMs, n) => ({ id: String(n), receivedAtMs }));
const kept = (snapshots: RetainedSnapshot[], rules: Partial<RetentionRules>, timeZone = 'UTC'): string[] =>
  planRetention(snapshots, { ...none, ...rules }, { nowMs, timeZone }).keep.map((k) => k.id);

describe('retention', () => {
  const hourly = at(...Array.from({ length: 72 }, (_, n) => nowMs - n * hour));

  it.each<[string, Partial<RetentionRules>, string[]]>([
    ['last 3', { last: 3 }, ['0', '1', '2']],
    ['2 hours', { hourly: 2 }, ['0', '1']],
    ['3 days: the newest of each', { daily: 3 }, ['0', '13', '37']],
    ['2 weeks: Monday begins one', { weekly: 2 }, ['0']],
    ['nothing asked: the newest stays', {}, ['0']],
  ])('keeps %s', (_, rules, ids) => expect(kept(hourly, rules)).toEqual(ids));

  it('begins a day where the time zone does', () => {
    const midnightBerlin = Date.UTC(2026, 10, 20, 23);
    const snapshots = at(midnightBerlin, midnightBerlin - 1);
    expect(kept(snapshots, { daily: 5 }, 'UTC')).toEqual(['0']);
    expect(kept(snapshots, { daily: 5 }, 'Europe/Berlin')).toEqual(['0', '1']);
  });

  it('keeps both of the hour that a clock change repeats', () => {
    const second = Date.UTC(2026, 9, 25, 1, 30);
    expect(kept(at(second, second - hour), { hourly: 5 }, 'Europe/Berlin')).toEqual(['0', '1']);
  });

  it('says why, every rule that applies', () => {
    const plan = planRetention(hourly, { ...none, last: 1, daily: 1 }, { nowMs, timeZone: 'UTC' });
    expect(plan.keep).toEqual([{ id: '0', reasons: ['one of the last 1 (number 1)', 'newest of its day (2026-11-22)'] }]);
    expect(plan.forget[0]).toEqual({ id: '1', reason: 'no rule keeps it' });
  });

  it('keeps pinned ones, future ones and the newest complete one', () => {
    const snapshots = [
      { id: 'future', receivedAtMs: nowMs + 1, partial: true },
      { id: 'partial', receivedAtMs: nowMs - 1, partial: true },
      { id: 'complete', receivedAtMs: nowMs - 2 },
      { id: 'old', receivedAtMs: nowMs - 3 },
      { id: 'pinned', receivedAtMs: nowMs - 4, pinned: true },
    ];
    expect(kept(snapshots, {})).toEqual(['future', 'complete', 'pinned']);
  });

  it('refuses a time zone that does not exist', () => {
    expect(() => kept(hourly, {}, 'Mars/Olympus')).toThrow(expect.objectContaining({ code: 'invalid_time_zone' }));
  });

  it.each([
    [2026, 1, 1, '2026-W01'],
    [2027, 1, 1, '2026-W53'],
    [2024, 12, 30, '2025-W01'],
    [2023, 1, 1, '2022-W52'],
  ])('ISO week of %d-%d-%d is %s', (year, month, day, week) => expect(isoWeek(year, month, day)).toBe(week));

  const anySnapshots = fc.array(fc.integer({ min: nowMs - 900 * 24 * hour, max: nowMs })).map((times) => at(...times));
  const anyRules = fc.record({
    last: fc.nat(5),
    hourly: fc.nat(5),
    daily: fc.nat(5),
    weekly: fc.nat(5),
    monthly: fc.nat(5),
    yearly: fc.nat(5),
  });

  it('partitions, never empties a vault, and forgets for good: what one run keeps, the next run keeps', () => {
    fc.assert(
      fc.property(anySnapshots, anyRules, (snapshots, rules) => {
        const plan = planRetention(snapshots, rules, { nowMs, timeZone: 'America/New_York' });
        const ids = plan.keep.map((k) => k.id);
        expect([...ids, ...plan.forget.map((f) => f.id)].toSorted()).toEqual(snapshots.map((s) => s.id).toSorted());
        if (snapshots.length > 0) expect(ids.length).toBeGreaterThan(0);
        expect(ids.length).toBeLessThanOrEqual(
          Math.max(
            1,
            Object.values(rules).reduce((sum, n) => sum + n, 0),
          ),
        );
        const again = planRetention(
          snapshots.filter((s) => ids.includes(s.id)),
          rules,
          { nowMs, timeZone: 'America/New_York' },
        );
        expect(again.forget).toEqual([]);
      }),
    );
  });
});
