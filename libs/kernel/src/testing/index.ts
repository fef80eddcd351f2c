/** Test doubles of the kernel's ports. Never imported by shipped code (a boundary rule says so). */
import type { Clock } from '../index.ts';

/** A clock that moves only when told to; sleepers wake in order of their due time. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: { dueMs: number; wake: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 0, 5, 9, 0, 0)) {
    this.#now = startMs;
  }

  nowMs(): number {
    return this.#now;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const sleeper = { dueMs: this.#now + delayMs, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  /** Moves time forward and lets everything that falls due run. */
  async advance(byMs: number): Promise<void> {
    const until = this.#now + byMs;
    for (;;) {
      const due = this.#sleepers.filter((s) => s.dueMs <= until).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!due) break;
      this.#sleepers = this.#sleepers.filter((s) => s !== due);
      this.#now = Math.max(this.#now, due.dueMs);
      due.wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = until;
  }
}

export { durableFilesConformance } from './durable-files-conformance.ts';
export { faultyFiles, Killed, type FaultPlan, type FaultyFiles } from './faulty-files.ts';
export { memoryFolder } from './memory-folder.ts';
export { seededRandom } from './seeded-random.ts';
