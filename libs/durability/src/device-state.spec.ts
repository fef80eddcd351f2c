import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DeviceState } from '#libs/contracts';
import { deviceStanding, isReturn, type DeviceFacts } from './device-state.ts';
import { defaultDurabilitySettings as settings } from './settings.ts';
import { everyHourCounts, officeWeek, workCalendars } from './work-week.ts';

/** Monday, 1 June 2026, midnight. */
const now = Date.UTC(2026, 5, 1);
const minutes = 60_000;
const hours = 60 * minutes;
const days = 24 * hours;
const facts = (more: Partial<DeviceFacts> = {}): DeviceFacts => ({
  deviceClass: 'workstation',
  enrolledAtMs: now - 365 * days,
  lastSeenAtMs: now,
  saidGoodbye: false,
  mark: 'none',
  awayUntilMs: null,
  ...more,
});
const badness: DeviceState[] = ['active', 'asleep', 'overdue', 'suspect', 'missing', 'lost'];
const rank = (state: DeviceState): number => Math.max(0, badness.indexOf(state));

describe('state of a device', () => {
  it.each<[string, number, DeviceState]>([
    ['a heartbeat just now', 0, 'active'],
    ['two missed heartbeats', 2 * minutes, 'active'],
    ['just before the third', 3 * minutes - 1, 'active'],
    ['three missed heartbeats', 3 * minutes, 'asleep'],
    ['a night', 14 * hours, 'asleep'],
    ['a day', 24 * hours, 'overdue'],
    ['five days', 5 * days, 'suspect'],
    ['two weeks', 14 * days, 'missing'],
    ['a month', 30 * days, 'lost'],
  ])('workstation where every hour counts, %s', (_, silentMs, state) => {
    expect(deviceStanding(facts({ lastSeenAtMs: now - silentMs }), now, settings).state).toBe(state);
  });

  it.each<[string, number, DeviceState]>([
    ['a missed heartbeat', 1 * minutes, 'active'],
    ['a quarter of an hour', 15 * minutes, 'overdue'],
    ['half a day', 12 * hours, 'suspect'],
    ['a day', 24 * hours, 'missing'],
  ])('anchor, %s, whatever the week', (_, silentMs, state) => {
    const device = facts({ deviceClass: 'anchor', lastSeenAtMs: now - silentMs, gap95Ms: 9 * days });
    for (const calendars of [everyHourCounts, workCalendars(officeWeek)])
      expect(deviceStanding(device, now, settings, calendars).state).toBe(state);
  });

  // Last seen on Friday, 5 June 2026, at 18:00.
  const friday = Date.UTC(2026, 5, 5, 18);
  it.each<[string, number, DeviceState]>([
    ['the weekend', Date.UTC(2026, 5, 8, 7), 'asleep'],
    ['two working days of ten hours', Date.UTC(2026, 5, 9, 18), 'asleep'],
    ['just before 24 working hours', Date.UTC(2026, 5, 10, 12) - 1, 'asleep'],
    ['24 working hours', Date.UTC(2026, 5, 10, 12), 'overdue'],
    ['just before five working days', Date.UTC(2026, 5, 12, 18) - 1, 'overdue'],
    ['five working days', Date.UTC(2026, 5, 12, 18), 'suspect'],
    ['14 days', Date.UTC(2026, 5, 19, 18), 'missing'],
    ['30 days', Date.UTC(2026, 6, 5, 18), 'lost'],
  ])('workstation in an office week: %s', (_, atMs, state) => {
    expect(deviceStanding(facts({ lastSeenAtMs: friday }), atMs, settings, workCalendars(officeWeek)).state).toBe(state);
  });

  it('does not take a holiday of the team for silence of any kind', () => {
    const closed = Array.from({ length: 21 }, (_, n) => new Date(Date.UTC(2026, 5, 6 + n)).toISOString().slice(0, 10));
    const calendars = workCalendars({ ...officeWeek, holidays: closed });
    const device = facts({ lastSeenAtMs: friday });
    expect(deviceStanding(device, friday + 21 * days, settings, calendars).state).toBe('asleep');
    expect(deviceStanding(device, friday + 36 * days, settings, calendars).state).toBe('missing');
    expect(deviceStanding(device, friday + 36 * days, settings, workCalendars(officeWeek)).state).toBe('lost');
  });

  it('is not overdue before one and a half times its own usual absence', () => {
    const halfTime = facts({ lastSeenAtMs: friday, gap95Ms: 4 * days });
    const calendars = workCalendars(officeWeek);
    expect(deviceStanding(halfTime, friday + 6 * days - 1, settings, calendars).state).toBe('asleep');
    expect(deviceStanding(halfTime, friday + 6 * days, settings, calendars).state).toBe('overdue');
  });

  describe('in vetting', () => {
    const young = (more: Partial<DeviceFacts>) => deviceStanding(facts({ enrolledAtMs: now - 23 * hours, ...more }), now, settings);
    it.each<[string, Partial<DeviceFacts>, DeviceState]>([
      ['its first day', { auditsPassed: 20 }, 'vetting'],
      ['a day, too few audits', { enrolledAtMs: now - days, auditsPassed: 19 }, 'vetting'],
      ['a day, twenty audits', { enrolledAtMs: now - days, auditsPassed: 20 }, 'active'],
      ['a day, where nobody audits', { enrolledAtMs: now - days, auditsPassed: null }, 'active'],
      ['its first day, asleep', { lastSeenAtMs: now - hours }, 'asleep'],
    ])('%s', (_, more, state) => expect(young(more).state).toBe(state));

    it('says what it lacks and when age alone ends it, and stays unvetted in its sleep', () => {
      expect(young({ auditsPassed: 20 })).toMatchObject({ vetted: false, changesAtMs: now + 3 * minutes });
      expect(young({ auditsPassed: 3 }).reason).toContain('17 of 20 audits');
      expect(young({ lastSeenAtMs: now - hours }).vetted).toBe(false);
      expect(deviceStanding(facts(), now, settings).vetted).toBe(true);
    });
  });

  it('is reconciling while it is there and has not shown what it holds', () => {
    expect(deviceStanding(facts({ reconciling: true }), now, settings).state).toBe('reconciling');
    expect(deviceStanding(facts({ reconciling: true, lastSeenAtMs: now - hours }), now, settings).state).toBe('asleep');
  });

  it.each<[DeviceState, DeviceState, boolean]>([
    ['missing', 'active', true],
    ['lost', 'asleep', true],
    ['suspect', 'active', true],
    ['suspect', 'missing', false],
    ['overdue', 'active', false],
    ['asleep', 'active', false],
    ['reconciling', 'active', false],
    ['revoked', 'active', false],
    ['missing', 'draining', false],
    ['missing', 'overdue', true],
  ])('%s → %s: a return is %s', (from, to, expected) => expect(isReturn(from, to)).toBe(expected));

  it.each(['draining', 'revoked', 'lost'] as const)('an admin saying %s outranks the clock, either way', (mark) => {
    for (const silentMs of [0, 60 * days])
      expect(deviceStanding(facts({ mark, lastSeenAtMs: now - silentMs }), now, settings).state).toBe(mark);
  });

  it('sleeps at once when it says goodbye', () => {
    expect(deviceStanding(facts({ saidGoodbye: true }), now, settings).state).toBe('asleep');
  });

  it('is no worse than overdue while away', () => {
    const away = facts({ lastSeenAtMs: now - 20 * days, awayUntilMs: now + days });
    expect(deviceStanding(away, now, settings).state).toBe('overdue');
    expect(deviceStanding(away, now + days, settings).state).toBe('missing');
  });

  it('counts silence from enrolment when it never reported', () => {
    expect(deviceStanding(facts({ lastSeenAtMs: null, enrolledAtMs: now }), now, settings).state).toBe('asleep');
    expect(deviceStanding(facts({ lastSeenAtMs: null, enrolledAtMs: now - 20 * days }), now, settings).state).toBe('missing');
  });

  it('never gets better by silence, and says exactly when it gets worse', () => {
    const office = workCalendars({ ...officeWeek, timeZone: 'Europe/Berlin', holidays: ['2026-06-04', '2026-06-16'] });
    const daysMs = (min: number, max: number) => fc.integer({ min: min * days, max: max * days });
    fc.assert(
      fc.property(
        fc.record({
          deviceClass: fc.constantFrom('workstation' as const, 'anchor' as const),
          silentMs: daysMs(0, 40),
          moreMs: daysMs(0, 40),
          saidGoodbye: fc.boolean(),
          awayMs: fc.option(daysMs(-1, 40)),
          gap95Ms: fc.option(daysMs(0, 20)),
          ageMs: daysMs(0, 2),
          calendars: fc.constantFrom(everyHourCounts, office),
          reconciling: fc.boolean(),
        }),
        ({ silentMs, moreMs, awayMs, ageMs, calendars, ...rest }) => {
          const device = facts({
            ...rest,
            lastSeenAtMs: now - silentMs,
            enrolledAtMs: now - silentMs - ageMs,
            awayUntilMs: awayMs === null ? null : now + awayMs,
          });
          const stateAt = (atMs: number): DeviceState => deviceStanding(device, atMs, settings, calendars).state;
          const before = deviceStanding(device, now, settings, calendars);
          expect(rank(stateAt(now + moreMs))).toBeGreaterThanOrEqual(rank(before.state));
          if (before.changesAtMs === null) {
            expect(stateAt(now + 90 * days)).toBe(before.state);
          } else {
            expect(before.changesAtMs).toBeGreaterThan(now);
            expect(stateAt(before.changesAtMs - 1)).toBe(before.state);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
