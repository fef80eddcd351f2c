import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DeviceState } from '#libs/contracts';
import { deviceStanding, type DeviceFacts } from './device-state.ts';
import { defaultDurabilitySettings as settings } from './settings.ts';

const now = Date.UTC(2026, 5, 1);
const facts = (more: Partial<DeviceFacts> = {}): DeviceFacts => ({
  deviceClass: 'workstation',
  enrolledAtMs: now - 365 * 86_400_000,
  lastSeenAtMs: now,
  saidGoodbye: false,
  mark: 'none',
  awayUntilMs: null,
  ...more,
});
const minutes = 60_000;
const hours = 60 * minutes;
const days = 24 * hours;
const badness: DeviceState[] = ['active', 'asleep', 'overdue', 'suspect', 'missing', 'lost'];

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
  ])('workstation, %s', (_, silentMs, state) => {
    expect(deviceStanding(facts({ lastSeenAtMs: now - silentMs }), now, settings).state).toBe(state);
  });

  it.each<[string, number, DeviceState]>([
    ['a missed heartbeat', 1 * minutes, 'active'],
    ['a quarter of an hour', 15 * minutes, 'overdue'],
    ['half a day', 12 * hours, 'suspect'],
    ['a day', 24 * hours, 'missing'],
  ])('anchor, %s', (_, silentMs, state) => {
    expect(deviceStanding(facts({ deviceClass: 'anchor', lastSeenAtMs: now - silentMs }), now, settings).state).toBe(state);
  });

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
    fc.assert(
      fc.property(
        fc.record({
          deviceClass: fc.constantFrom('workstation', 'anchor'),
          silentMs: fc.integer({ min: 0, max: 40 * days }),
          moreMs: fc.integer({ min: 0, max: 40 * days }),
          saidGoodbye: fc.boolean(),
          awayMs: fc.option(fc.integer({ min: -days, max: 40 * days })),
        }),
        ({ deviceClass, silentMs, moreMs, saidGoodbye, awayMs }) => {
          const device = facts({
            deviceClass: deviceClass as 'workstation',
            lastSeenAtMs: now - silentMs,
            saidGoodbye,
            awayUntilMs: awayMs === null ? null : now + awayMs,
          });
          const before = deviceStanding(device, now, settings);
          const after = deviceStanding(device, now + moreMs, settings);
          expect(badness.indexOf(after.state)).toBeGreaterThanOrEqual(badness.indexOf(before.state));
          if (after.state !== before.state) expect(before.changesAtMs).not.toBeNull();
          if (before.changesAtMs !== null) {
            expect(before.changesAtMs).toBeGreaterThan(now);
            expect(deviceStanding(device, before.changesAtMs - 1, settings).state).toBe(before.state);
          }
        },
      ),
    );
  });
});
