import { describe, expect, it } from '@jest/globals';
import { teamVerdict, type DeviceHealth } from './headline.ts';
import { evaluateRpo } from './rpo.ts';
import { deviceNumber } from './testing/builders.ts';

const hour = 3_600_000;
const now = 1_800_000_000_000;
const rpo = (protectedUpToMs: number | null, enrolledAtMs = now - 100 * hour) =>
  evaluateRpo({ enrolledAtMs, protectedUpToMs, rpoHours: 24 }, now);
let number = 0;
const aDevice = (more: Partial<DeviceHealth> = {}): DeviceHealth => {
  number += 1;
  return {
    deviceId: deviceNumber(number),
    name: `laptop-${number}`,
    state: 'active',
    stateReason: 'Online.',
    stateNextStep: null,
    everCaptured: true,
    everProtected: true,
    newestProtected: true,
    packsBelowMinimum: 0,
    rpo: rpo(now - hour),
    ...more,
  };
};

describe('the promise (RPO)', () => {
  it.each<[string, number | null, number, boolean | null]>([
    ['fresh', now - hour, now - 100 * hour, true],
    ['exactly at the deadline', now - 24 * hour, now - 100 * hour, true],
    ['late', now - 25 * hour, now - 100 * hour, false],
    ['new device without one', null, now - hour, null],
    ['old device without one', null, now - 25 * hour, false],
  ])('%s', (_, protectedUpToMs, enrolledAtMs, met) => expect(rpo(protectedUpToMs, enrolledAtMs).met).toBe(met));
});

describe('verdict on the team', () => {
  it('has no devices to speak of', () => {
    expect(teamVerdict([])).toMatchObject({ level: 'empty', headline: 'No devices yet' });
    expect(teamVerdict([aDevice({ state: 'revoked', everCaptured: false })]).level).toBe('empty');
  });

  it('is green only when every one is protected', () => {
    expect(teamVerdict([aDevice(), aDevice()])).toMatchObject({
      level: 'protected',
      headline: 'All 2 devices are protected',
      reasons: [],
      protectedDevices: 2,
    });
  });

  it.each<[string, Partial<DeviceHealth>, 'attention' | 'at-risk', boolean]>([
    ['never backed up', { everCaptured: false, everProtected: false, newestProtected: false, rpo: rpo(null) }, 'attention', false],
    ['captured only, in time', { everProtected: false, newestProtected: false, rpo: rpo(null, now - hour) }, 'attention', false],
    ['captured only, too late', { everProtected: false, newestProtected: false, rpo: rpo(null) }, 'at-risk', false],
    ['late', { rpo: rpo(now - 30 * hour) }, 'at-risk', false],
    ['lost copies', { packsBelowMinimum: 3 }, 'at-risk', false],
    ['newest on its way', { newestProtected: false }, 'attention', true],
    ['missing itself, its data safe', { state: 'missing' }, 'attention', true],
  ])('worst wins: %s', (_, more, level, isProtected) => {
    const bad = aDevice(more);
    const verdict = teamVerdict([aDevice(), bad, aDevice()]);
    expect(verdict.level).toBe(level);
    expect(verdict.notProtectedDevices).toBe(isProtected ? 0 : 1);
    if (!isProtected) expect(verdict.headline).toBe('1 of 3 devices not protected');
    expect(verdict.reasons).toEqual(
      [{ deviceId: bad.deviceId, text: expect.stringContaining(bad.name), nextStep: expect.stringMatching(/\w/) }].map((r) =>
        more.state ? { ...r, text: expect.any(String) } : r,
      ),
    );
  });

  it('is not green while something of the team wants attention', () => {
    const notices = [{ deviceId: null, text: 'No room', nextStep: 'Add an anchor' }];
    expect(teamVerdict([aDevice()], { notices })).toMatchObject({
      level: 'attention',
      reasons: notices,
      headline: 'All 1 device protected, but something needs a person',
    });
  });

  it('puts what is at risk before what needs attention, and a standstill before both', () => {
    const standstill = { deviceId: null, text: 'Repair stands still', nextStep: 'wait' };
    const risky = aDevice({ packsBelowMinimum: 1 });
    const verdict = teamVerdict([aDevice({ everCaptured: false }), risky], { standstill });
    expect(verdict.reasons.map((r) => r.deviceId)).toEqual([null, risky.deviceId, expect.any(String)]);
    expect(verdict.level).toBe('at-risk');
  });
});
