import { spawnSync } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cryptoReady } from '#libs/crypto';
import { MachineClock } from './clocks.ts';
import { mutate, mutations } from './mutations.ts';
import { network } from './network.ts';
import { playSchedules } from './schedule.ts';

const usage = `npm run chaos -- [--seed N] [--schedules N] [--events N] [--machines N] [--minutes N]

Real processes, seeded schedules of kills, freezes, rot, full disks, jumping clocks, cut connections; after every event no copy of a pack
may have gone by itself, and after every schedule the team must mend itself, count what is on its disks, and restore byte for byte.

  --seed N       first seed (default 1); a schedule that failed is played again by its seed with --schedules 1
  --schedules N  how many (default 10; the nightly run: 200)
  --events N     events of each (default 8)
  --machines N   machines, two of them with folders to back up (default 5)
  --mutation M   break a rule of the product first: ${Object.keys(mutations).join(', ')}; then a violation has to be found
  --minutes N    start no further schedule after this long`;

/** Set for the process inside the namespace, so that it does not make another. */
const inside = 'HOLDFAST_CHAOS_NAMESPACE';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '10' },
    events: { type: 'string', default: '8' },
    machines: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '100000' },
    mutation: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const partitions = process.env[inside] === '1';
  if (values.mutation !== undefined && process.env['HOLDFAST_TEST_INSTALLATION'] === undefined) return mutated(values.mutation);
  if (!partitions && network.available()) {
    const again = spawnSync('unshare', ['--net', process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
      stdio: 'inherit',
      env: { ...process.env, [inside]: '1' },
    });
    return again.status ?? 1;
  }
  if (partitions) network.prepare();
  else console.log('No network namespace here: connections are not cut.');
  if (!MachineClock.library) console.log('libfaketime is not installed: clocks do not jump.');
  await cryptoReady();
  const first = Number(values.seed);
  const deadline = performance.now() + Number(values.minutes) * 60_000;
  const seeds = function* (): Generator<number> {
    for (let seed = first; seed < first + Number(values.schedules) && performance.now() < deadline; seed += 1) yield seed;
  };
  let passed = 0;
  const failed: number[] = [];
  for await (const { seed, log, violation } of playSchedules(seeds(), {
    machines: Number(values.machines),
    owners: 2,
    events: Number(values.events),
    partitions,
    perTeam: 8,
  })) {
    console.log(`schedule ${seed}: ${violation === undefined ? 'held' : 'VIOLATED'}\n${log.map((line) => `  ${line}`).join('\n')}`);
    if (violation === undefined) passed += 1;
    else {
      failed.push(seed);
      console.log(violation);
    }
  }
  if (failed.length > 0) console.log(`violated with seeds ${failed.join(', ')}`);
  console.log(`${passed} passed, ${failed.length} failed`);
  const counts = process.env['HOLDFAST_TEST_COUNTS'];
  if (counts !== undefined) appendFileSync(counts, `${passed} ${failed.length} 0\n`);
  return failed.length === 0 ? 0 : 1;
}

/** The same schedules against a product with a broken rule: 0 when they find it. */
async function mutated(name: string): Promise<number> {
  const mutation = mutations[name];
  if (!mutation) throw new Error(`there is no mutation ${name}; there are ${Object.keys(mutations).join(', ')}`);
  const folder = await mutate(mutation);
  const run = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, HOLDFAST_TEST_INSTALLATION: folder },
  });
  rmSync(folder, { recursive: true, force: true });
  const found = run.status !== 0;
  console.log(`${found ? 'found' : 'NOT FOUND'}: ${mutation.what}`);
  return found ? 0 : 1;
}

process.exitCode = await main();
