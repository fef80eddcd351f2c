import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isoWeek, planRetention, type RetainedSnapshot, type RetentionRules } from './retention.ts';

const none: RetentionRules = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
const nowMs = Date.UTC(2026, 10, 22, 12);
const hour = 3_600_000;
const day = 24 * hour;
/** Given newest first; the newest has the highest sequence. */
const at = (...moments: number[]): RetainedSnapshot[] => moments.map((deviceTimeMs, n) => ({ sequence: moments.length - n, deviceTimeMs }));
const kept = (snapshots: RetainedSnapshot[], rules: Partial<RetentionRules>, timeZone = 'UTC', now = nowMs): number[] =>
  planRetention(snapshots, { ...none, ...rules }, { nowMs: now, timeZone }).keep.map((k) => k.sequence);

describe('retention', () => {
  const hourly = at(...Array.from({ length: 72 }, (_, n) => nowMs - n * hour));

  it.each<[string, Partial<RetentionRules>, number[]]>([
    ['last 3', { last: 3 }, [72, 71, 70]],
    ['2 hours', { hourly: 2 }, [72, 71]],
    ['3 days: the newest of each', { daily: 3 }, [72, 59, 35]],
    ['2 weeks: Monday begins one', { weekly: 2 }, [72]],
    ['within 1 day', { withinDays: 1 }, Array.from({ length: 25 }, (_, n) => 72 - n)],
    ['nothing asked: the newest stays', {}, [72]],
  ])('keeps %s', (_, rules, sequences) => expect(kept(hourly, rules)).toEqual(sequences));

  it('begins a day where the time zone does', () => {
    const midnightBerlin = Date.UTC(2026, 10, 20, 23);
    const snapshots = at(midnightBerlin, midnightBerlin - 1);
    expect(kept(snapshots, { daily: 5 }, 'UTC')).toEqual([2]);
    expect(kept(snapshots, { daily: 5 }, 'Europe/Berlin')).toEqual([2, 1]);
  });

  it('keeps both of the hour that a clock change repeats', () => {
    const second = Date.UTC(2026, 9, 25, 1, 30);
    expect(kept(at(second, second - hour), { hourly: 5 }, 'Europe/Berlin')).toEqual([2, 1]);
  });

  it('says why, every rule that applies', () => {
    const plan = planRetention(hourly, { ...none, last: 1, daily: 1 }, { nowMs, timeZone: 'UTC' });
    expect(plan.keep).toEqual([{ sequence: 72, reasons: ['one of the last 1 (number 1)', 'newest of its day (2026-11-22)'] }]);
    expect(plan.forget[0]).toEqual({ sequence: 71, reason: 'no rule keeps it' });
  });

  it('keeps pinned and tagged ones, the newest complete one and the newest of all', () => {
    const snapshots: RetainedSnapshot[] = [
      { sequence: 6, deviceTimeMs: nowMs, partial: true },
      { sequence: 5, deviceTimeMs: nowMs - 1, partial: true },
      { sequence: 4, deviceTimeMs: nowMs - 2 },
      { sequence: 3, deviceTimeMs: nowMs - 3 },
      { sequence: 2, deviceTimeMs: nowMs - 4, pinned: true },
      { sequence: 1, deviceTimeMs: nowMs - 5, tags: ['release'] },
    ];
    expect(kept(snapshots, { tags: ['release', 'other'] })).toEqual([6, 4, 2, 1]);
  });

  it('partial snapshots take no place from complete ones, and stand in where there is no other', () => {
    const days = Array.from({ length: 6 }, (_, n) => nowMs - n * day);
    const snapshots = at(...days).map((s) => ({ ...s, partial: s.sequence > 3 }));
    // Two complete days stay though three partial ones are newer; the partial ones have two places of their own.
    expect(kept(snapshots, { daily: 2 })).toEqual([6, 5, 3, 2]);
    const sameDay = [
      { sequence: 2, deviceTimeMs: nowMs, partial: true },
      { sequence: 1, deviceTimeMs: nowMs - 1 },
    ];
    expect(planRetention(sameDay, { ...none, daily: 3 }, { nowMs, timeZone: 'UTC' }).keep.at(-1)).toEqual({
      sequence: 1,
      reasons: ['newest of its day (2026-11-22)'],
    });
  });

  it('what was backed up by name does not compete with the device’s own set', () => {
    const snapshots = at(nowMs, nowMs - 1, nowMs - 2, nowMs - 3).map((s) => ({ ...s, group: s.sequence > 2 ? '/thesis' : '' }));
    expect(kept(snapshots, { last: 1 })).toEqual([4, 2]);
  });

  it('a clock that jumped forgets nothing that would have stayed', () => {
    const daily = Array.from({ length: 20 }, (_, n) => nowMs - n * day);
    const rules = { daily: 7, withinDays: 10 };
    const sound = kept(at(...daily), rules);
    expect(sound).toHaveLength(11);
    for (const [index, wrong] of [
      [0, Date.UTC(2090, 0)],
      [3, Date.UTC(2090, 0)],
      [3, 0],
      [19, Date.UTC(2090, 0)],
    ] as const) {
      const jumped = kept(at(...daily.with(index, wrong)), rules);
      expect(jumped).toEqual(expect.arrayContaining(sound.filter((sequence) => sequence !== 20 - index)));
    }
    // The clock is wrong now: back, or far ahead.
    expect(kept(at(...daily), rules, 'UTC', 0)).toEqual(expect.arrayContaining(sound));
    expect(kept(at(...daily), rules, 'UTC', Date.UTC(2090, 0))).toEqual(sound);
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

  const anySnapshots = fc
    .array(
      fc.record({
        deviceTimeMs: fc.integer({ min: nowMs - 900 * day, max: nowMs + 900 * day }),
        partial: fc.boolean(),
        group: fc.constantFrom('', '', '/a'),
        pinned: fc.integer({ max: 9, min: 0 }).map((n) => n === 0),
        received: fc.boolean(),
      }),
      { maxLength: 60 },
    )
    .map((all) =>
      all.map(({ received, ...one }, n) => ({
        ...one,
        sequence: n + 1,
        ...(received ? { receivedAtMs: nowMs - 900 * day + n * day } : {}),
      })),
    );
  const anyRules = fc.record({
    last: fc.nat(5),
    hourly: fc.nat(5),
    daily: fc.nat(5),
    weekly: fc.nat(5),
    monthly: fc.nat(5),
    yearly: fc.nat(5),
  });

  it('partitions, never empties a group, and forgets for good: what one run keeps, the next run keeps', () => {
    fc.assert(
      fc.property(anySnapshots, anyRules, (snapshots, rules) => {
        const options = { nowMs, timeZone: 'America/New_York' };
        const plan = planRetention(snapshots, rules, options);
        const keep = new Set(plan.keep.map((k) => k.sequence));
        expect([...keep, ...plan.forget.map((f) => f.sequence)].toSorted((a, b) => a - b)).toEqual(snapshots.map((s) => s.sequence));
        for (const group of Map.groupBy(snapshots, (s) => s.group).values()) {
          const newest = group.findLast((s) => !s.partial) ?? group.at(-1)!;
          expect(keep.has(newest.sequence)).toBe(true);
        }
        for (const { sequence, pinned } of snapshots) if (pinned) expect(keep.has(sequence)).toBe(true);
        // Taking all partial ones away makes no complete one lose its place.
        const complete = snapshots.filter((s) => !s.partial);
        if (complete.every((s) => s.receivedAtMs !== undefined) && snapshots.every((s) => s.receivedAtMs !== undefined)) {
          const alone = planRetention(complete, rules, options).keep.map((k) => k.sequence);
          for (const sequence of alone.slice(1)) expect(keep.has(sequence)).toBe(true);
        }
        const trusted = snapshots.filter((s) => s.receivedAtMs !== undefined);
        const once = new Set(planRetention(trusted, rules, options).keep.map((k) => k.sequence));
        const again = planRetention(
          trusted.filter((s) => once.has(s.sequence)),
          rules,
          options,
        );
        expect(again.forget).toEqual([]);
      }),
    );
  });
});
