import { describe, expect, it } from '@jest/globals';
import { planRepair } from '#libs/durability';
import { atMost, closedFormLoss } from './closed-form.ts';
import { availability, comeback, leavers, losses, nights, outage, settings, theRules, type Outcome } from './scenarios.ts';
import type { Rules } from './world.ts';

const failures = (outcome: Outcome): string[] => outcome.claims.filter((c) => !c.holds).map((c) => c.text);
const rules = (more: Partial<Rules>): Rules => ({ ...theRules, ...more });
const office = { seed: 1, devices: 60, packsPerDevice: 25, days: 90, lossPerYear: 2, drainedShare: 0 };

describe('closed form', () => {
  it('gives the figures of the design', () => {
    expect(closedFormLoss(3, 0.25, 16)).toBeCloseTo(1.8e-4, 5);
    expect(closedFormLoss(3, 0.06, 16)).toBeCloseTo(2.5e-6, 7);
  });
  it('knows how many there may be when so many were seen', () => {
    expect([0, 10].map((n) => Math.round(atMost(n)))).toEqual([3, 17]);
  });
});

describe('the rules over months', () => {
  it.each<[string, () => Outcome]>([
    ['laptops that go home every night', () => nights({ seed: 1, days: 30 })],
    ['leavers who are drained', () => leavers({ seed: 2 })],
    ['many that vanish at once', () => outage({ seed: 3 })],
    ['one that comes back', () => comeback({ seed: 4 })],
    ['machines that go all the year', () => losses(office)],
    ['anchors at night', () => availability({ seed: 6, anchors: 5 })],
  ])('%s: every claim holds', (_, run) => expect(failures(run())).toEqual([]));

  it('is the same for the same seed', () => {
    const run = () => losses({ ...office, days: 14 });
    expect(run()).toEqual(run());
  });
});

describe('a broken rule is found', () => {
  const silence = (more: Partial<typeof settings.silence.workstation>) => ({
    ...settings,
    silence: { ...settings.silence, workstation: { ...settings.silence.workstation, ...more } },
  });
  it.each<[string, () => Outcome]>([
    ['nights count as loss', () => nights({ seed: 1, days: 14, rules: rules({ settings: silence({ missingAfterMs: 12 * 3_600_000 }) }) })],
    [
      'a copy that is gone counts',
      () => losses({ ...office, rules: rules({ settings: { ...settings, weights: { ...settings.weights, gone: 1 } } }) }),
    ],
    ['the breaker never opens', () => outage({ seed: 3, rules: rules({ planBreaker: () => ({ open: false }) }) })],
    [
      'a leaver counts as staying',
      () =>
        leavers({
          seed: 2,
          rules: rules({
            deviceStanding: (facts, ...rest) =>
              theRules.deviceStanding({ ...facts, mark: facts.mark === 'draining' ? 'none' : facts.mark }, ...rest),
          }),
        }),
    ],
    [
      'nothing is repaired',
      () =>
        losses({
          ...office,
          rules: rules({
            planRepair: (input) => {
              const plan = planRepair(input);
              return { ...plan, assignments: plan.assignments.filter((a) => a.cause === 'placement') };
            },
          }),
        }),
    ],
    ['surplus is never trimmed', () => comeback({ seed: 4, rules: rules({ planTrim: () => [] }) })],
  ])('%s', (_, run) => expect(failures(run())).not.toEqual([]));
});
