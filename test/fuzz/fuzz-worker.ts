/** One target on a thread of its own, so that a hang or a leak in it can be seen from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { runTarget } from './run-target.ts';
import { fuzzTargets } from './targets.ts';

const { name, firstSeed, inputs, at } = workerData as { name: string; firstSeed: number; inputs: number; at: Int32Array };
const target = (await fuzzTargets()).find((one) => one.name === name)!;
parentPort!.postMessage(await runTarget(target, firstSeed, inputs, (seed) => Atomics.store(at, 0, seed - firstSeed + 1)));
