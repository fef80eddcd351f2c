import type { DurabilitySettings } from '#libs/durability';
import { defaultDurabilitySettings, deviceStanding, officeWeek, planBreaker, planRepair, planTrim } from '#libs/durability';
import { atMost, closedFormLoss } from './closed-form.ts';
import { DAY_MS, HOUR_MS } from './presence-model.ts';
import type { SimulationResult } from './simulation-result.ts';
import { START_MS, Simulator, type SimulationOptions } from './simulator.ts';
import type { Rules } from './world.ts';

/** Easter and May Day of 2026: a long weekend and a single day. */
const holidays = ['2026-04-03', '2026-04-06', '2026-05-01'];
export const settings: DurabilitySettings = { ...defaultDurabilitySettings, workWeek: { ...officeWeek, holidays } };
export const theRules: Rules = { settings, deviceStanding, planBreaker, planRepair, planTrim };

/** What a scenario claims, and whether the run bears it out. */
export interface Claim {
  readonly text: string;
  readonly holds: boolean;
}
export interface Outcome {
  readonly name: string;
  readonly result: SimulationResult;
  readonly claims: readonly Claim[];
}

interface Size {
  readonly seed: number;
  readonly rules?: Rules;
}
const base = { sites: 2, packsPerDevice: 20, rules: theRules };
const claim = (holds: boolean, text: string): Claim => ({ holds, text });

/** Fifty laptops that go home every night, over weekends and holidays, and nobody leaves. */
export function nights({ seed, rules = theRules, days = 120 }: Size & { days?: number }): Outcome {
  const team = new Simulator({ ...base, devices: 50, anchors: 0, seed, rules });
  const result = team.run(days);
  return {
    name: `50 laptops, ${days} days of nights, weekends and holidays`,
    result,
    claims: [
      claim(result.repairs === 0, `no repair traffic at all: ${result.repairs} copies`),
      claim(result.losses === 0, `no pack without a copy: ${result.losses}`),
    ],
  };
}

/** Two leavers who say so. */
export function leavers({ seed, rules = theRules }: Size): Outcome {
  const team = new Simulator({ ...base, devices: 50, anchors: 2, seed, rules });
  team.run(7);
  for (const device of team.world.devices.slice(10, 12)) team.drain(device);
  const result = team.run(21);
  return {
    name: 'two leavers of 50, drained',
    result,
    claims: [
      claim(result.drained === 2, `both were copied out and gone within three weeks: ${result.drained}`),
      claim(result.drainWindows === 0, `no window below the minimum: ${result.drainWindows}`),
      claim(result.losses === 0, `nothing lost: ${result.losses}`),
    ],
  };
}

/** Two fifths of a team vanish within ten minutes and are back after 20 days: a fire alarm, a moving office. */
export function outage({ seed, rules = theRules }: Size): Outcome {
  const team = new Simulator({ ...base, devices: 50, anchors: 2, seed, rules });
  team.run(7);
  // Tuesday at eleven: everybody is there.
  while (team.nowMs < START_MS + 8 * DAY_MS + 11 * HOUR_MS) team.run(1 / 24);
  const gone = team.world.devices.filter((device) => !device.anchor).slice(0, 20);
  const backMs = team.nowMs + 20 * DAY_MS;
  for (const device of gone) team.absent(device, backMs);
  let frozenAtMs = 0;
  const repairsBefore = team.result.repairs;
  const placedOf = (): number => team.result.traffic.reduce((a, b) => a + b, 0);
  team.run(20, (nowMs) => {
    if (team.frozen && frozenAtMs === 0) frozenAtMs = nowMs;
  });
  const repairs = team.result.repairs - repairsBefore;
  const before = placedOf();
  const result = team.run(14);
  return {
    name: '40 % vanish within ten minutes and are back after 20 days',
    result,
    claims: [
      claim(frozenAtMs > 0, `repair was frozen, ${((frozenAtMs - backMs + 20 * DAY_MS) / DAY_MS).toFixed(1)} days after they vanished`),
      claim(repairs === 0, `nothing was repaired while they were away: ${repairs} copies`),
      claim(!team.frozen, 'repair goes on when they are back'),
      claim(
        result.reclaimed > 0 && result.resent === 0,
        `what they held was reclaimed (${result.reclaimed}), not sent again (${result.resent})`,
      ),
      claim(placedOf() - before === 0, `nothing travelled after their return: ${placedOf() - before} copies`),
    ],
  };
}

/** One is away for 20 days without a word, is repaired, and comes back. */
export function comeback({ seed, rules = theRules }: Size): Outcome {
  const team = new Simulator({ ...base, devices: 50, anchors: 2, seed, rules });
  team.run(7);
  const device = team.world.devices[20]!;
  const held = device.holdings.size;
  team.absent(device, team.nowMs + 20 * DAY_MS);
  team.run(20);
  const { repairs } = team.result;
  const before = team.result.traffic.reduce((a, b) => a + b, 0);
  const result = team.run(14);
  const travelled = result.traffic.reduce((a, b) => a + b, 0) - before;
  return {
    name: 'one device away for 20 days without a word',
    result,
    claims: [
      claim(repairs === held, `each of its ${held} packs was copied once elsewhere: ${repairs}`),
      claim(
        result.reclaimed === held && result.resent === 0,
        `all it held was reclaimed (${result.reclaimed}), not sent again (${result.resent})`,
      ),
      claim(travelled === 0, `nothing travelled after its return: ${travelled} copies`),
      claim(result.trimmed === held, `the surplus was trimmed after a week: ${result.trimmed}`),
    ],
  };
}

export interface LossOptions extends Size {
  readonly devices: number;
  readonly packsPerDevice: number;
  readonly days: number;
  readonly lossPerYear: number;
  readonly drainedShare: number;
}

/** Machines go all the year; the window of the closed form is two weeks and the weekend after. */
export function losses({ seed, rules = theRules, devices, packsPerDevice, days, lossPerYear, drainedShare }: LossOptions): Outcome {
  const options: SimulationOptions = { ...base, devices, packsPerDevice, anchors: 0, seed, rules, lossPerYear, drainedShare };
  const result = new Simulator(options).run(days);
  const undrained = lossPerYear * (1 - drainedShare);
  const model = closedFormLoss(3, undrained, 16);
  const rate = result.losses / result.packYears;
  const possible = atMost(result.losses) / result.packYears;
  return {
    name: `${devices} devices, ${Math.round(lossPerYear * 100)} % a year go, ${Math.round(drainedShare * 100)} % of them drained`,
    result,
    claims: [
      claim(
        // Seen at or below the model: more than the model would give by luck in one run of twenty is a failure.
        result.losses <= atMost(model * result.packYears),
        `${result.losses} of ${Math.round(result.packYears).toLocaleString('en')} pack-years lost all copies: ${rate.toExponential(1)} a pack-year ` +
          `(at most ${possible.toExponential(1)} with 95 % confidence), closed form ${model.toExponential(1)}`,
      ),
      claim(
        result.busiestShare <= rules.settings.repair.linkShare,
        `repair took at most ${(result.busiestShare * 100).toFixed(0)} % of any link in any hour`,
      ),
    ],
  };
}

/** Restores by hour of the week, with and without anchors. */
export function availability({ seed, rules = theRules, anchors }: Size & { anchors: number }): Outcome {
  const result = new Simulator({ ...base, devices: 50, anchors, seed, rules, lossPerYear: 0.1 }).run(56);
  const at = (hour: number): number => result.restorable.seen[hour]! / result.restorable.of[hour]!;
  const share = (n: number): string => `${(100 * n).toFixed(1)} %`;
  const noon = 24 + 12;
  const night = 24 + 3;
  return {
    name: `50 devices, ${anchors} of them anchors: who can restore when`,
    result,
    claims: [
      claim(at(noon) > 0.99, `Tuesday at noon ${share(at(noon))} of all packs have a holder online`),
      claim(anchors === 0 || at(night) > 0.99, `Tuesday at 3 in the night ${share(at(night))}`),
    ],
  };
}
