import type { SimulationResult } from './simulation-result.ts';
import { plot } from './plot.ts';
import type { Outcome } from './scenarios.ts';

const weekTicks = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].map((name, day) => ({ at: day * 24 + 12, name }));

export const restorableShare = ({ restorable }: SimulationResult): number[] =>
  [...restorable.seen].map((seen, hour) => (100 * seen) / Math.max(1, restorable.of[hour]!));

/** Copies of a day. */
export const dailyTraffic = ({ traffic }: SimulationResult): number[] => {
  const days: number[] = [];
  traffic.forEach((copies, hour) => (days[Math.floor(hour / 24)] = (days[Math.floor(hour / 24)] ?? 0) + copies));
  return days;
};

export const restorePlot = (lines: readonly { name: string; colour: string; result: SimulationResult }[]): string =>
  plot(
    'Packs with a holder online, by hour of the week (UTC)',
    lines.map(({ name, colour, result }) => ({ name, colour, values: restorableShare(result) })),
    100,
    weekTicks,
    ' %',
  );

export function trafficPlot(title: string, result: SimulationResult): string {
  const values = dailyTraffic(result);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = Math.round(share * (values.length - 1));
    return { at, name: `day ${at}` };
  });
  return plot(title, [{ name: 'copies a day', colour: '#b45309', values }], Math.max(1, ...values), ticks, '');
}

/** The part of docs/durability.md that a run writes. */
export function report(outcomes: readonly Outcome[], seed: number): string {
  const rows = outcomes.flatMap(({ name, claims }) =>
    claims.map((claim, n) => `| ${n === 0 ? name : ''} | ${claim.holds ? 'yes' : '**no**'} | ${claim.text} |`),
  );
  return [`Seed ${seed}.`, '', '| scenario | holds | seen |', '| --- | --- | --- |', ...rows, ''].join('\n');
}
