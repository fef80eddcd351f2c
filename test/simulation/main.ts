/**
 * Runs the rules of libs/durability over months and years of a team's life, prints what was seen against what is claimed, and writes the
 * results and their plots into docs/durability.md. Ends with status 1 when a claim does not hold.
 *
 *   npm run simulate -- [--seed 1] [--devices 2000] [--packs-per-device 50] [--days 730] [--large 10000] [--no-write]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { report, restorePlot, trafficPlot } from './report.ts';
import { availability, comeback, leavers, losses, nights, outage, type Outcome } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    devices: { type: 'string', default: '2000' },
    'packs-per-device': { type: 'string', default: '50' },
    days: { type: 'string', default: '730' },
    /** Devices of the large team, over a month. */
    large: { type: 'string', default: '10000' },
    'no-write': { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const size = { devices: Number(values.devices), packsPerDevice: Number(values['packs-per-device']), days: Number(values.days) };

const outcomes: Outcome[] = [];
function run(scenario: () => Outcome): Outcome {
  const start = performance.now();
  const outcome = scenario();
  const { result } = outcome;
  console.log(`\n${outcome.name}   (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  console.log(
    `  ${result.hours} hours, ${result.placed} placed, ${result.repairs} repaired, ${result.deaths} gone, ${result.drained} drained, ` +
      `${result.losses} packs without copies (${result.forGood} with their owner gone), ${result.frozenHours} hours frozen`,
  );
  for (const { holds, text } of outcome.claims) console.log(`  ${holds ? 'ok  ' : 'FAIL'} ${text}`);
  outcomes.push(outcome);
  return outcome;
}

run(() => nights({ seed }));
run(() => leavers({ seed }));
run(() => outage({ seed }));
run(() => comeback({ seed }));
const laptops = run(() => availability({ seed, anchors: 0 }));
const anchored = run(() => availability({ seed, anchors: 5 }));
const undrained = run(() => losses({ seed, ...size, lossPerYear: 0.25, drainedShare: 0 }));
run(() => losses({ seed: seed + 1, ...size, lossPerYear: 0.25, drainedShare: 0.76 }));
run(() =>
  losses({ seed: seed + 2, ...size, devices: Number(values.large), packsPerDevice: 10, days: 30, lossPerYear: 0.25, drainedShare: 0.5 }),
);

if (!values['no-write']) {
  const docs = join(import.meta.dirname, '../../docs');
  mkdirSync(join(docs, 'durability'), { recursive: true });
  const restores = [
    { name: 'with 5 anchors', colour: '#166534', result: anchored.result },
    { name: 'laptops only', colour: '#1d4ed8', result: laptops.result },
  ];
  writeFileSync(join(docs, 'durability/restores-by-hour.svg'), restorePlot(restores));
  writeFileSync(join(docs, 'durability/repair-traffic.svg'), trafficPlot(`Repair traffic: ${undrained.name}`, undrained.result));
  const page = join(docs, 'durability.md');
  const text = readFileSync(page, 'utf8');
  const [before] = text.split('<!-- written by npm run simulate -->');
  writeFileSync(page, `${before}<!-- written by npm run simulate -->\n\n${report(outcomes, seed)}`);
}
process.exitCode = outcomes.every(({ claims }) => claims.every(({ holds }) => holds)) ? 0 : 1;
