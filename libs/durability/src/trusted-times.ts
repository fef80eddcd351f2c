/** One snapshot's time, in the order in which the snapshots were made. */
export interface TimedSnapshot {
  /** Grows with every snapshot of a vault: the true order, whatever the clocks said. */
  readonly sequence: number;
  /** By the device's own clock. */
  readonly deviceTimeMs: number;
  /** By the coordinator's, where it is known. */
  readonly receivedAtMs?: number | undefined;
}

/**
 * A time for each snapshot, by sequence, that never runs backwards along the sequence. What the coordinator received is
 * believed. Of the device's own times the largest set that agrees with the order (and with the received ones around it) is
 * believed; each other one, so each that a jumped clock made, takes the believed time before it (the one after it, for
 * the first). Cost n log n.
 */
export function trustedTimes(snapshots: readonly TimedSnapshot[]): Map<number, number> {
  const sorted = [...snapshots].sort((a, b) => a.sequence - b.sequence);
  const upper: number[] = [];
  let ceiling = Number.POSITIVE_INFINITY;
  for (let i = sorted.length - 1; i >= 0; i -= 1) upper[i] = ceiling = Math.min(ceiling, sorted[i]!.receivedAtMs ?? ceiling);
  let floor = Number.NEGATIVE_INFINITY;
  const candidates: { readonly at: number; readonly timeMs: number }[] = [];
  const believed = new Map<number, number>();
  for (const [at, { deviceTimeMs, receivedAtMs }] of sorted.entries()) {
    if (receivedAtMs !== undefined) {
      // Receipts that contradict each other (a coordinator that was put back): the earliest stands.
      believed.set(at, (floor = Math.max(floor, Math.min(receivedAtMs, upper[at]!))));
    } else if (deviceTimeMs >= floor && deviceTimeMs <= upper[at]!) candidates.push({ at, timeMs: deviceTimeMs });
  }
  for (const { at, timeMs } of longestNonDecreasing(candidates)) believed.set(at, timeMs);
  const times = new Map<number, number>();
  let last = believed.get(Math.min(...believed.keys())) ?? 0;
  for (const [at, { sequence }] of sorted.entries()) times.set(sequence, (last = Math.max(last, believed.get(at) ?? last)));
  return times;
}

/** Patience sorting: the last item of the best run of each length, and who came before. */
function longestNonDecreasing<T extends { readonly timeMs: number }>(items: readonly T[]): T[] {
  const tails: number[] = [];
  const before: (number | undefined)[] = [];
  for (const [i, { timeMs }] of items.entries()) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (items[tails[middle]!]!.timeMs <= timeMs) low = middle + 1;
      else high = middle;
    }
    before[i] = tails[low - 1];
    tails[low] = i;
  }
  const run: T[] = [];
  for (let i = tails.at(-1); i !== undefined; i = before[i]) run.push(items[i]!);
  return run.reverse();
}
