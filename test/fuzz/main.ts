/**
 * Fuzzes every decoder: npm run fuzz -- [--inputs 1000000] [--seed 1] [--target NAME]
 * Ends with 1 and names target and seed when a decoder throws anything but its own errors, hangs, or takes more memory than its bound.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { FuzzResult } from './run-target.ts';
import { fuzzTargets } from './targets.ts';

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    target: { type: 'string' },
  },
});
const total = Number(values.inputs);
const firstSeed = Number(values.seed);
const targets = (await fuzzTargets()).filter(({ name }) => values.target === undefined || name === values.target);
if (targets.length === 0) throw new Error(`there is no target "${values.target}"`);
const weights = targets.reduce((sum, { weight }) => sum + weight, 0);
const work = targets.map(({ name, weight }) => ({ name, inputs: Math.ceil((total * weight) / weights) }));
/** No input may take this long; the decoder that does is named with its seed. */
const hangMs = 20_000;
console.log(`${work.reduce((sum, { inputs }) => sum + inputs, 0)} inputs for ${targets.length} decoders, seed ${firstSeed}`);

const results: FuzzResult[] = [];
async function runnerThread(): Promise<void> {
  for (let next = work.shift(); next; next = work.shift()) {
    const { name, inputs } = next;
    // Seed of the input at work; 32 bits are enough for what is added to the first one.
    const at = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(new URL('fuzz-worker.ts', import.meta.url), {
      workerData: { name, firstSeed, inputs, at },
      // A decoder that keeps what it was given is found by running out of this.
      resourceLimits: { maxOldGenerationSizeMb: 400 },
    });
    results.push(await outcomeOf(worker, name, at));
    const { outcomes, slowestMs, mostBytes } = results.at(-1)!;
    const accepted = outcomes['accepted'] ?? 0;
    const { accepts = true, refuses = true } = targets.find((one) => one.name === name)!;
    // Then the inputs end at the first check, and nothing was shown of what lies behind it.
    if (inputs >= 200 && (accepted > 0 !== accepts || accepted < inputs !== refuses))
      throw new Error(`${name}: ${accepted} of ${inputs} inputs were accepted`);
    const said = Object.entries(outcomes)
      .map(([code, count]) => `${code} ${count}`)
      .join(', ');
    console.log(`${name}: ${inputs} inputs, slowest ${slowestMs.toFixed(0)} ms, most ${(mostBytes / 1024).toFixed(0)} KiB (${said})`);
  }
}

function outcomeOf(worker: Worker, name: string, at: Int32Array): Promise<FuzzResult> {
  return new Promise((resolve, reject) => {
    let seen = -1;
    const watch = setInterval(() => {
      const now = Atomics.load(at, 0);
      if (now === seen && now !== 0) {
        reject(new Error(`${name}, seed ${firstSeed + now - 1}: took more than ${hangMs} ms`));
        void worker.terminate();
      }
      seen = now;
    }, hangMs);
    worker.once('message', resolve);
    worker.once('error', (error) => reject(new Error(`${error.message}\n  at seed ${firstSeed + Atomics.load(at, 0) - 1} of ${name}`)));
    worker.once('exit', () => clearInterval(watch));
  });
}

const started = performance.now();
try {
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, runnerThread));
  const inputs = results.reduce((sum, result) => sum + result.inputs, 0);
  console.log(`no finding in ${inputs} inputs, ${((performance.now() - started) / 1000).toFixed(0)} s`);
} catch (error) {
  console.error(`FOUND: ${(error as Error).message}`);
  process.exit(1);
}
