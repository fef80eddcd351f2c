/** Test doubles of the kernel's ports. Never imported by shipped code (a boundary rule says so). */
import type { Clock, RandomSource } from '../index.ts';

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

/** Deterministic bytes from a 32-bit seed (mulberry32). For tests only: predictable by design. */
export function seededRandom(seed: number): RandomSource & { next(): number; int(bound: number): number } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    int: (bound) => Math.floor(next() * bound),
    bytes(length) {
      const out = new Uint8Array(length);
      for (let i = 0; i < length; i += 1) out[i] = Math.floor(next() * 256);
      return out;
    },
  };
}
