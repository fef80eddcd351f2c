import { nextFireOf } from './fire-times.ts';
import type { NextFire } from './fire-times.ts';

/** The clock is looked at this often at least: after a suspend or a jump the timer itself knows nothing of it. */
const LONGEST_WAIT_MS = 30_000;

export interface Beat {
  /** Names of what is to run now: each once, however many of its times have passed. */
  readonly due: readonly string[];
  /** When to look again. */
  readonly waitMs: number;
}

/**
 * What is due when, by the wall clock. After a jump ahead or a suspend each schedule is caught up once, at a cost that does not follow how long it
 * was; after a jump back everything is reckoned anew, so that nothing waits until the clock has been there once more.
 */
export class Timetable {
  readonly #entries = new Map<string, { readonly next: NextFire; dueAtMs: number | null }>();
  #beforeMs: number;

  constructor(nowMs: number) {
    this.#beforeMs = nowMs;
  }

  /** First due after `nowMs`. One that is known already stays as it is. */
  add(name: string, cron: string, nowMs: number): void {
    if (this.#entries.has(name)) return;
    const next = nextFireOf(cron);
    this.#entries.set(name, { next, dueAtMs: next(nowMs) });
  }

  beat(nowMs: number): Beat {
    const wentBack = nowMs < this.#beforeMs;
    this.#beforeMs = nowMs;
    const due: string[] = [];
    let waitMs = LONGEST_WAIT_MS;
    for (const [name, entry] of this.#entries) {
      const isDue = entry.dueAtMs !== null && nowMs >= entry.dueAtMs;
      if (isDue) due.push(name);
      if (isDue || wentBack) entry.dueAtMs = entry.next(nowMs);
      if (entry.dueAtMs !== null) waitMs = Math.min(waitMs, entry.dueAtMs - nowMs);
    }
    return { due, waitMs };
  }
}
