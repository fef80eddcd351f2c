import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from './agent.ts';
import { until } from './processes.ts';

const MiB = 1024 * 1024;

/** Bytes that a process has asked the system to read so far, all its threads together. */
export const bytesRead = (pid: number): number => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);

/**
 * Pauses a machine, and resolves once its daemon reads none of its packs any more: for challenges it does so when receipts come, and up to a
 * minute later, and mends what it then finds damaged. Backups and restores by hand go on as ever.
 */
export async function pauseReading(agent: Agent): Promise<void> {
  await agent.must(['pause', '1h']);
  const { pid } = agent.daemon;
  await until(`${agent.name} reads no packs`, async () => {
    // What is under way reads without a break; two seconds of heartbeats are hardly anything.
    const before = bytesRead(pid);
    await sleep(2_000);
    return bytesRead(pid) - before < MiB;
  });
}
