/** Leaves `next` to `end` - 1 of a pack, being fetched from one source; `next` is the one under way. */
export interface LeafRun {
  next: number;
  /** Moves down when another source takes over the rest. */
  end: number;
}

/** How a source is doing: what {@link LeafBoard} needs to know to share out work. */
export interface Pace {
  /** A leaf takes about this long; undefined before the first. */
  readonly leafMs: number | undefined;
  /** Since when its present leaf is waited for. */
  readonly waitingSinceMs: number;
}

/** Numbers of sharing a pack among sources, with their reasons. */
export const sharing = {
  /** A run lasts about this long: the pause between two runs, a round trip, is then hardly felt. */
  runMs: 2_000,
  /** The first run of a source, before anybody knows how fast it is. */
  firstRunLeaves: 4,
  /** A rest that its source brings within this time is left to it: changing horses costs a connection. */
  worthTakingMs: 1_000,
} as const;

/**
 * Who fetches which leaves of one pack. Every missing leaf is free or in exactly one run, but for the last ones: when
 * nothing is free, a source that has nothing to do takes over the second half of what the slowest still has before it, and
 * at last asks for the same leaf as well, so that one slow source can't hold up the end. Pure; times are given.
 */
export class LeafBoard<Source> {
  #free: { first: number; end: number }[];
  readonly #runs = new Map<Source, LeafRun>();
  readonly #done = new Set<number>();
  readonly #total: number;

  constructor(missing: readonly { readonly first: number; readonly count: number }[]) {
    this.#free = missing.map(({ first, count }) => ({ first, end: first + count }));
    this.#total = missing.reduce((sum, { count }) => sum + count, 0);
  }

  get finished(): boolean {
    return this.#done.size === this.#total;
  }

  get left(): number {
    return this.#total - this.#done.size;
  }

  /** Work for a source that has none, or undefined when there is nothing for it now. `paces` are of those that have work. */
  take(
    source: Source,
    alone: boolean,
    ownLeafMs: number | undefined,
    paces: ReadonlyMap<Source, Pace>,
    nowMs: number,
  ): LeafRun | undefined {
    // Never more than half of what is free: whoever comes next shall find something, however quick this one is.
    const wanted = alone ? Number.POSITIVE_INFINITY : Math.min(wantedLeaves(ownLeafMs), Math.ceil(this.#freeLeaves / 2));
    const run = this.#takeFree(wanted) ?? this.#takeOver(source, ownLeafMs, paces, nowMs);
    if (run) this.#runs.set(source, run);
    return run;
  }

  /** Leaf `next` of the source's run is there. */
  came(source: Source, leaf: number): void {
    this.#done.add(leaf);
    const run = this.#runs.get(source);
    if (run && run.next === leaf) run.next += 1;
  }

  has(leaf: number): boolean {
    return this.#done.has(leaf);
  }

  /** The source has ended its run, whole or not; what is left of it is free again, unless another source has it too. */
  release(source: Source): void {
    const run = this.#runs.get(source);
    this.#runs.delete(source);
    if (!run) return;
    const elsewhere = [...this.#runs.values()];
    for (let leaf = run.next; leaf < run.end; leaf += 1) {
      if (this.#done.has(leaf) || elsewhere.some((other) => leaf >= other.next && leaf < other.end)) continue;
      const last = this.#free.at(-1);
      if (last && last.end === leaf) last.end += 1;
      else this.#free.push({ first: leaf, end: leaf + 1 });
    }
  }

  get #freeLeaves(): number {
    return this.#free.reduce((sum, { first, end }) => sum + end - first, 0);
  }

  #takeFree(wanted: number): LeafRun | undefined {
    for (;;) {
      const run = this.#free[0];
      if (!run) return undefined;
      // Came meanwhile from a source that had it as well.
      while (run.first < run.end && this.#done.has(run.first)) run.first += 1;
      const end = Math.min(run.end, run.first + Math.max(1, wanted));
      const taken = { next: run.first, end };
      run.first = end;
      if (run.first >= run.end) this.#free.shift();
      if (taken.next < taken.end) return taken;
    }
  }

  #takeOver(thief: Source, ownLeafMs: number | undefined, paces: ReadonlyMap<Source, Pace>, nowMs: number): LeafRun | undefined {
    let slowest: { run: LeafRun; remainingMs: number } | undefined;
    for (const [source, run] of this.#runs) {
      const pace = paces.get(source);
      if (source === thief || !pace || run.next >= run.end || this.#done.has(run.next)) continue;
      const waitedMs = nowMs - pace.waitingSinceMs;
      const leafMs = pace.leafMs ?? waitedMs;
      // Overdue, or never seen to bring anything: as long again as it has been waited for is the best guess.
      const presentMs = waitedMs < leafMs ? leafMs - waitedMs : waitedMs;
      const remainingMs = presentMs + (run.end - run.next - 1) * leafMs;
      if (remainingMs > (slowest?.remainingMs ?? sharing.worthTakingMs)) slowest = { run, remainingMs };
    }
    if (!slowest) return undefined;
    const { run, remainingMs } = slowest;
    const beyond = run.end - run.next - 1;
    const count = beyond > 0 ? Math.ceil(beyond / 2) : 1;
    // Not if the thief would be no sooner there.
    if (ownLeafMs !== undefined && ownLeafMs * count >= remainingMs) return undefined;
    if (beyond === 0) return { next: run.next, end: run.end };
    const middle = run.end - count;
    const taken = { next: middle, end: run.end };
    run.end = middle;
    return taken;
  }
}

function wantedLeaves(leafMs: number | undefined): number {
  if (leafMs === undefined) return sharing.firstRunLeaves;
  return Math.max(1, Math.round(sharing.runMs / Math.max(1, leafMs)));
}
