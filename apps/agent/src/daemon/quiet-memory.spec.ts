import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '#libs/kernel/testing';
import { collectWhenQuiet, quietMemoryLimits } from './quiet-memory.ts';

const MiB = 1024 * 1024;

describe('a process that is quiet', () => {
  it('gives back what it grew by, once, and not while it works', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    let resident = 100 * MiB;
    let cpu = 0;
    let collections = 0;
    const collect = (): void => {
      collections += 1;
      resident = 110 * MiB;
    };
    const running = collectWhenQuiet(clock, { cpuMs: () => cpu, residentBytes: () => resident, collect }, stop.signal);
    const look = async (usedMs: number): Promise<number> => {
      cpu += usedMs;
      await clock.advance(quietMemoryLimits.lookMs);
      return collections;
    };
    expect(await look(0)).toBe(0);
    resident = 300 * MiB;
    expect(await look(9_000)).toBe(0);
    expect(await look(100)).toBe(1);
    expect(await look(100)).toBe(1);
    resident += 7 * MiB;
    expect(await look(0)).toBe(1);
    resident += 2 * MiB;
    expect(await look(0)).toBe(2);
    stop.abort();
    await running;
  });

  it('does nothing where there is no collection to ask for', async () => {
    const readings = { cpuMs: () => 0, residentBytes: () => 0, collect: undefined };
    await expect(collectWhenQuiet(new ManualClock(), readings, new AbortController().signal)).resolves.toBeUndefined();
  });
});
