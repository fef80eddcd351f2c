import type { Pace } from './leaf-board.ts';

/** Numbers of the rule for slow sources, with their reasons. */
export const patience = {
  /** No leaf for this long while others bring theirs: less would drop whoever has a hiccup, much more is felt by who waits. */
  leastMs: 3_000,
  /** And so many times as long as a leaf takes with the best of the others. */
  timesSlower: 8,
  /** Weight of the newest leaf in the moving average. */
  newest: 0.3,
} as const;

/** How quickly one source brings leaves. */
export class SourcePace implements Pace {
  #leafMs: number | undefined;
  #waitingSinceMs: number;

  constructor(nowMs: number) {
    this.#waitingSinceMs = nowMs;
  }

  get leafMs(): number | undefined {
    return this.#leafMs;
  }

  get waitingSinceMs(): number {
    return this.#waitingSinceMs;
  }

  /** It is asked for leaves now. */
  asked(nowMs: number): void {
    this.#waitingSinceMs = nowMs;
  }

  came(nowMs: number): void {
    const tookMs = nowMs - this.#waitingSinceMs;
    this.#leafMs = this.#leafMs === undefined ? tookMs : this.#leafMs * (1 - patience.newest) + tookMs * patience.newest;
    this.#waitingSinceMs = nowMs;
  }
}

/**
 * Whether a source is so much slower than another that the transfer is better off without it: relative to the others
 * only, so that a team on a slow link keeps all of its sources.
 */
export function fallsBehind(pace: Pace, others: Iterable<Pace>, nowMs: number): boolean {
  const waitedMs = nowMs - pace.waitingSinceMs;
  let best: number | undefined;
  for (const { leafMs } of others) if (leafMs !== undefined && leafMs < (best ?? Number.POSITIVE_INFINITY)) best = leafMs;
  return best !== undefined && waitedMs > Math.max(patience.leastMs, patience.timesSlower * best);
}
