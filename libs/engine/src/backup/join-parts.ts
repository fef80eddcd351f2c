/** Where a part's chunks begin and end. */
export interface CutPart {
  readonly start: number;
  /** Ascending. */
  readonly ends: Float64Array;
}

/** Chunks of one part, from number `from` on to its end. */
export interface Taken<P> {
  readonly part: P;
  readonly from: number;
}

/** What is missing between two parts: from an offset at which a chunk begins, to the first of these at which one ends. */
export interface Gap {
  readonly from: number;
  readonly until: Float64Array;
}

/**
 * Joins the parts of a file of `sizeBytes` to the chunks that cutting it from its start gives: where a chunk begins decides alone where it ends, so from the first
 * offset on that two parts both cut at, they say the same. Else the gap that is to be cut first; with that as one more part it is called again.
 */
export function joinParts<P extends CutPart>(parts: readonly P[], sizeBytes: number): readonly Taken<P>[] | Gap {
  const taken: Taken<P>[] = [];
  for (let at = 0; at < sizeBytes;) {
    const next = goingOn(parts, at);
    if (!next) return { from: at, until: cutsAfter(parts, at, sizeBytes) };
    taken.push(next);
    at = next.part.ends.at(-1)!;
  }
  return taken;
}

function goingOn<P extends CutPart>(parts: readonly P[], at: number): Taken<P> | undefined {
  for (const part of parts) {
    const last = part.ends.at(-1);
    if (last === undefined || last <= at || part.start > at) continue;
    if (part.start === at) return { part, from: 0 };
    const cut = indexOf(part.ends, at);
    if (cut >= 0) return { part, from: cut + 1 };
  }
  return undefined;
}

/** Of the first part that goes further. */
function cutsAfter(parts: readonly CutPart[], at: number, sizeBytes: number): Float64Array {
  let next: CutPart | undefined;
  for (const part of parts) if ((part.ends.at(-1) ?? 0) > at && (!next || part.start < next.start)) next = part;
  if (!next) return Float64Array.of(sizeBytes);
  const cuts = new Float64Array(next.ends.length + 1);
  cuts[0] = next.start;
  cuts.set(next.ends, 1);
  return cuts.filter((cut) => cut > at);
}

/** Of an element of an ascending array; -1 when it is not there. */
function indexOf(ascending: Float64Array, wanted: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === wanted ? low : -1;
}
