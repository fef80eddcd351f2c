import { describe, expect, it } from '@jest/globals';
import { defaultPolicy } from '#libs/contracts';
import { policyProblem, withPart } from './check-policy.ts';

const hours = { days: [1], from: '08:00', to: '18:00', uploadBytesPerSecond: 1, downloadBytesPerSecond: null };

describe('policies before they are saved', () => {
  it('accepts what a new team starts with, and nothing at all', () => {
    expect(policyProblem(defaultPolicy)).toBeUndefined();
    expect(policyProblem({})).toBeUndefined();
  });

  it.each([
    [{ schedule: { ...defaultPolicy.schedule, cron: '99 * * * *' } }, /minute 99/],
    [{ schedule: { ...defaultPolicy.schedule, timeZone: 'Mars/Olympus' } }, /time zone/],
    [{ replicas: { minimum: 3, target: 2 } }, /minimum must not exceed target/],
    [{ limits: { ...defaultPolicy.limits, hours: [{ ...hours, days: [] }] } }, /limits, hours, 0, days: must name a day/],
    [{ limits: { ...defaultPolicy.limits, hours: [hours, { ...hours, to: '' }] } }, /limits, hours, 1, to: must be a time of day/],
    [{ retention: { ...defaultPolicy.retention, daily: -1 } }, /retention, daily/],
  ])('refuses %o in words', (policy, words) => expect(policyProblem(policy)).toMatch(words));

  it('sets a part of a device and gives it back to the team', () => {
    const own = withPart({ folders: ['/a'] }, 'replicas', { minimum: 1, target: 1 });
    expect(own).toEqual({ folders: ['/a'], replicas: { minimum: 1, target: 1 } });
    expect(withPart(own, 'folders', undefined)).toEqual({ replicas: { minimum: 1, target: 1 } });
  });
});
