import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What the operating system counted for one finished process. */
export interface Measured {
  readonly wallSeconds: number;
  /** User and system time of all its threads, as last seen before it ended (10 ms steps). */
  readonly cpuSeconds: number;
  /** Largest resident set. */
  readonly peakMiB: number;
  readonly output: string;
}

/** Clock ticks a second in /proc: fixed at 100 on Linux for user space. */
const ticksPerSecond = 100;

/** Runs a command to its end. Throws with its output when it fails. */
export async function measure(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Measured> {
  const started = performance.now();
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let seen = { cpuSeconds: 0, peakMiB: 0 };
  const sample = setInterval(() => (seen = look(child.pid) ?? seen), 20);
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (output = (output + part.toString()).slice(-100_000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearInterval(sample);
  const wallSeconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-3000)}`);
  return { wallSeconds, ...seen, output };
}

/** VmHWM is the kernel's own high-water mark, so one look near the end is as good as many. */
function look(pid: number | undefined): { cpuSeconds: number; peakMiB: number } | undefined {
  try {
    const peakKiB = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    // Fields 14 to 17 of stat, counted after the name in brackets: user and system time, own and of ended children.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    return peakKiB === 0 ? undefined : { cpuSeconds: ticks / ticksPerSecond, peakMiB: Math.round(peakKiB / 1024) };
  } catch {
    return undefined; // it ended between the calls
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
