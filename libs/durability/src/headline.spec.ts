import { describe, expect, it } from '@jest/globals';
import { teamVerdict, type DeviceHealth } from './headline.ts';
import { evaluateRpo, unreadOf } from './rpo.ts';
import { deviceNumber } from './testing/builders.ts';

const hour = 3_600_000;
const now = 1_800_000_000_000;
const rpo = (protectedUpToMs: number | null, enrolledAtMs = now - 100 * hour) =>
  evaluateRpo({ enrolledAtMs, protectedUpToMs, incompleteUpToMs: null, incompleteCounts: false, rpoHours: 24 }, now);
const withIncomplete = (protectedUpToMs: number | null, incompleteUpToMs: number, incompleteCounts = false) =>
  evaluateRpo({ enrolledAtMs: now - 100 * hour, protectedUpToMs, incompleteUpToMs, incompleteCounts, rpoHours: 24 }, now);
let number = 0;
const aDevice = (more: Partial<DeviceHealth> = {}): DeviceHealth => {
  number += 1;
  return {
    deviceId: deviceNumber(number),
    name: `laptop-${number}`,
    deviceClass: 'workstation',
    policyHasFolders: false,
    state: 'active',
    stateReason: 'Online.',
    stateNextStep: null,
    everCaptured: true,
    everProtected: true,
    newestProtected: true,
    packsBelowMinimum: 0,
    rpo: rpo(now - hour),
    unread: 0,
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

describe('the promise and incomplete snapshots', () => {
  it.each<[string, number | null, number, { met: boolean; inTime: boolean; counted: boolean }]>([
    ['a fresh complete one', now - hour, now, { met: true, inTime: false, counted: true }],
    ['only the incomplete one is fresh', now - 25 * hour, now - hour, { met: false, inTime: true, counted: true }],
    ['both are old', now - 26 * hour, now - 25 * hour, { met: false, inTime: false, counted: false }],
    ['none is complete', null, now - hour, { met: false, inTime: true, counted: true }],
    ['the complete one is newer', now - 25 * hour, now - 30 * hour, { met: false, inTime: false, counted: false }],
  ])('%s', (_, complete, incomplete, { met, inTime, counted }) => {
    expect(withIncomplete(complete, incomplete)).toMatchObject({ met, incompleteInTime: inTime });
    expect(withIncomplete(complete, incomplete, true)).toMatchObject({ met: counted, incompleteInTime: false });
  });

  it('tells the age so that it differs from the promise', () => {
    expect(rpo(now - 25 * hour).reason).toBe('The newest protected backup is 25 hours old; promised are 24 hours.');
  });

  it('what is missing is at least one thing when a whole folder is', () => {
    const unread = (partial: boolean, errors: number) => unreadOf({ partial, stats: { errors } });
    expect([unread(false, 0), unread(true, 0), unread(true, 3), unread(false, 3)]).toEqual([0, 1, 3, 3]);
  });
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
    ['incomplete, a complete one is in time', { unread: 2 }, 'attention', true],
    ['incomplete, the complete one is late', { unread: 2, rpo: withIncomplete(now - 30 * hour, now - hour) }, 'attention', false],
    ['incomplete, and late as well', { unread: 2, rpo: withIncomplete(now - 40 * hour, now - 30 * hour) }, 'at-risk', false],
    ['of named paths only', { rpo: rpo(null, now - hour) }, 'attention', false],
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

  describe('with devices that only store', () => {
    const never = { everCaptured: false, everProtected: false, newestProtected: false, rpo: rpo(null) };
    const storageOnly: Partial<DeviceHealth> = { ...never, deviceClass: 'anchor' };

    it.each<[string, Partial<DeviceHealth>[], { level: string; headline: string; counts: [number, number, number]; reasons: number }]>([
      [
        'an anchor without a backup takes nothing from green',
        [{}, {}, storageOnly],
        {
          level: 'protected',
          headline: 'All 2 devices with backups are protected; 1 more only stores for others',
          counts: [2, 0, 1],
          reasons: 0,
        },
      ],
      [
        'two beside one device',
        [{}, storageOnly, storageOnly],
        {
          level: 'protected',
          headline: 'The one device with a backup is protected; 2 more only store for others',
          counts: [1, 0, 2],
          reasons: 0,
        },
      ],
      [
        'a workstation without a backup is not protected',
        [{}, never, storageOnly],
        { level: 'attention', headline: '1 of 2 devices not protected', counts: [1, 1, 1], reasons: 1 },
      ],
      [
        'an anchor that is told to back up is not protected before it did',
        [{}, { ...storageOnly, policyHasFolders: true }],
        { level: 'attention', headline: '1 of 2 devices not protected', counts: [1, 1, 0], reasons: 1 },
      ],
      [
        'an anchor with a backup counts like everybody',
        [{}, { deviceClass: 'anchor', rpo: rpo(now - 30 * hour) }],
        { level: 'at-risk', headline: '1 of 2 devices not protected', counts: [1, 1, 0], reasons: 1 },
      ],
      [
        'what it holds is missed when it is gone',
        [{}, { ...storageOnly, state: 'missing' }],
        { level: 'attention', headline: 'All 1 device protected, but something needs a person', counts: [1, 0, 1], reasons: 1 },
      ],
      [
        'a team of storage alone is not green',
        [storageOnly, storageOnly],
        { level: 'attention', headline: 'Nothing is backed up yet; 2 devices only store', counts: [0, 0, 2], reasons: 1 },
      ],
      [
        'one that was revoked',
        [{}, { ...storageOnly, state: 'revoked' }],
        { level: 'protected', headline: 'The one device is protected', counts: [1, 0, 0], reasons: 0 },
      ],
    ])('%s', (_, devices, { level, headline, counts, reasons }) => {
      const verdict = teamVerdict(devices.map(aDevice));
      expect(verdict).toMatchObject({ level, headline });
      expect([verdict.protectedDevices, verdict.notProtectedDevices, verdict.storageOnlyDevices]).toEqual(counts);
      expect(verdict.reasons).toHaveLength(reasons);
    });
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
