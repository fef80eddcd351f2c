import { freeMemoryTrim } from '#libs/engine';
import type { Clock } from '#libs/kernel';

/** Tunables, with the reason for each number. */
export const quietMemoryLimits = {
  /** Soon enough after a backup that nobody wonders, seldom enough to cost nothing. */
  lookMs: 20_000,
  /** Share of one core since the last look up to which the process counts as quiet: an idle agent needs less than a hundredth. */
  quietShare: 0.05,
  /** Growth since the last collection that makes another one (some 50 ms) worth it. */
  grownBytes: 8 * 1024 * 1024,
} as const;

export interface ProcessReadings {
  /** Processor time of all threads so far, milliseconds. */
  readonly cpuMs: () => number;
  /** Memory that the system counts for the process, bytes. */
  readonly residentBytes: () => number;
  /** A full garbage collection, whose yield goes back to the system; undefined where the process was not started with one to ask for. */
  readonly collect: (() => void) | undefined;
}

export function ownReadings(): ProcessReadings {
  const { gc } = globalThis;
  const trim = freeMemoryTrim();
  const collect = (): void => {
    void gc?.();
    trim?.();
  };
  return {
    cpuMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    residentBytes: () => process.memoryUsage.rss(),
    collect: gc && collect,
  };
}

/**
 * Gives back what a backup, a restore or a long transfer left behind, once the process is quiet. V8 collects only while something is being
 * allocated: an agent that has nothing to do would keep it until the next night. Resolves when `signal` is aborted.
 */
export async function collectWhenQuiet(
  clock: Clock,
  { cpuMs, residentBytes, collect }: ProcessReadings,
  signal: AbortSignal,
): Promise<void> {
  if (!collect) return;
  let leastBytes = residentBytes();
  let cpuBeforeMs = cpuMs();
  for (;;) {
    await clock.sleep(quietMemoryLimits.lookMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    const cpuNowMs = cpuMs();
    const isQuiet = cpuNowMs - cpuBeforeMs <= quietMemoryLimits.lookMs * quietMemoryLimits.quietShare;
    cpuBeforeMs = cpuNowMs;
    if (!isQuiet || residentBytes() < leastBytes + quietMemoryLimits.grownBytes) continue;
    collect();
    leastBytes = residentBytes();
  }
}
