import { getHeapStatistics } from 'node:v8';
import { AppError } from '#libs/kernel';
import { Dice } from './dice.ts';
import type { FuzzTarget } from './target.ts';

export interface FuzzResult {
  readonly target: string;
  readonly inputs: number;
  /** How often each code was thrown; `accepted`: decoded. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Most bytes that one call took. */
  readonly mostBytes: number;
}

/** One input of a target that broke a rule; `seed` makes it again. */
export class FuzzFinding extends Error {
  override readonly name = 'FuzzFinding';
}

/** A decoder takes microseconds of this thread's time: a second means that something grows with what the input claims. Collections fall into it, so not less. */
const slowestAllowedMs = 1_500;

/** A CBOR or JSON value as JavaScript objects takes at most this many times its encoding (a list of empty maps is the worst). */
const memoryPerInputByte = 100;

/** One input: throws {@link FuzzFinding} when the decoder throws anything but its own errors, takes too long or too much memory. */
async function runOnce(target: FuzzTarget, seed: number): Promise<{ outcome: string; ms: number; bytes: number }> {
  const input = target.input(new Dice(seed));
  const finding = (what: string, cause?: unknown): FuzzFinding =>
    new FuzzFinding(`${target.name}, seed ${seed}: ${what}\n  input: ${shown(input)}`, { cause });
  const memoryBefore = memory();
  const started = workedMs();
  let outcome = 'accepted';
  try {
    const result = target.decode(input as never);
    // Most decoders are synchronous: a promise for each would be most of the time.
    if (result instanceof Promise) await result;
  } catch (error) {
    if (!(error instanceof AppError)) throw finding(`threw ${String(error)}`, error);
    const rule = target.errors.find(([name]) => name === error.constructor.name);
    if (!rule || (rule[1] && !rule[1].includes(error.code))) throw finding(`threw ${error.name} ${error.code}`, error);
    outcome = error.code;
  }
  const ms = workedMs() - started;
  const bytes = memory() - memoryBefore;
  if (ms > slowestAllowedMs) throw finding(`took ${Math.round(ms)} ms`);
  if (bytes > target.memoryBytes + memoryPerInputByte * sizeOf(input)) throw finding(`took ${bytes} bytes of memory`);
  return { outcome, ms, bytes };
}

/** `inputs` of them, seeds from `firstSeed` on. `onInput` is told of each before it is run, so that a hang can be named. */
export async function runTarget(
  target: FuzzTarget,
  firstSeed: number,
  inputs: number,
  onInput?: (seed: number) => void,
): Promise<FuzzResult> {
  const outcomes: Record<string, number> = {};
  let slowestMs = 0;
  let mostBytes = 0;
  for (let seed = firstSeed; seed < firstSeed + inputs; seed += 1) {
    onInput?.(seed);
    const { outcome, ms, bytes } = await runOnce(target, seed);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    slowestMs = Math.max(slowestMs, ms);
    mostBytes = Math.max(mostBytes, bytes);
  }
  return { target: target.name, inputs, outcomes, slowestMs, mostBytes };
}

/** Live and not yet collected: so what one call allocates shows, unless a collection falls into it. */
function memory(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

/** What this thread had of the processor: how long others had it is nothing that a decoder can help. */
function workedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

const sizeOf = (input: unknown): number => (input instanceof Uint8Array ? input.length : JSON.stringify(input).length);

function shown(input: unknown): string {
  const text = input instanceof Uint8Array ? Buffer.from(input).toString('hex') : JSON.stringify(input);
  return text.length > 4_000 ? `${text.slice(0, 4_000)}… (${text.length} characters)` : text;
}
