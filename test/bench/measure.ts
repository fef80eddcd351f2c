import koffi from 'koffi';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What the operating system counted for one finished process and its own children. */
export interface Measured {
  readonly wallSeconds: number;
  /** User and system time of all threads, from getrusage(RUSAGE_CHILDREN): exact, but one process may be measured at a time. */
  readonly cpuSeconds: number;
  /** Largest resident set (VmHWM), binary and libraries included, as for every tool. */
  readonly peakMiB: number;
  readonly output: string;
}

/** The kernel keeps the high-water mark, so a look just before the end is as good as many. */
const lookEveryMs = 10;
const RUSAGE_CHILDREN = -1;
const rusageBytes = 144;
let busy = false;

/** Runs a command to its end. Throws with its output when it fails, and when another one is being measured. */
export async function measure(
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<Measured> {
  if (busy) throw new Error('one measurement at a time');
  busy = true;
  try {
    const cpuBefore = childrenCpuSeconds();
    const started = performance.now();
    const child = spawn(command, args, {
      env: { ...process.env, ...options.env },
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let peakMiB = 0;
    const look = setInterval(() => (peakMiB = Math.max(peakMiB, highWaterMiB(child.pid))), lookEveryMs);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part: Buffer) => (output = (output + part.toString()).slice(-100_000)));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }).finally(() => clearInterval(look));
    const wallSeconds = (performance.now() - started) / 1000;
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-3000)}`);
    return { wallSeconds, cpuSeconds: childrenCpuSeconds() - cpuBefore, peakMiB, output };
  } finally {
    busy = false;
  }
}

let getrusage: ((who: number, into: Buffer) => number) | undefined;

/** CPU time of every child that has ended and was waited for. */
function childrenCpuSeconds(): number {
  getrusage ??= koffi.load(null).func('getrusage', 'int', ['int', 'uint8_t *']) as (who: number, into: Buffer) => number;
  const into = Buffer.alloc(rusageBytes);
  if (getrusage(RUSAGE_CHILDREN, into) !== 0) throw new Error('getrusage failed');
  const seconds = (at: number): number => Number(into.readBigInt64LE(at)) + Number(into.readBigInt64LE(at + 8)) / 1e6;
  return seconds(0) + seconds(16);
}

function highWaterMiB(pid: number | undefined): number {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
  } catch {
    return 0; // it ended between the calls
  }
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
