import { limits } from '../limits.ts';

/** A chunk's place in a pack, as far as it matters for what is fetched together. */
interface Placed {
  readonly ordinal: number;
  readonly offset: number;
  readonly sealedLength: number;
}

/** A stretch of one pack that is fetched in one request, and what is in it, in order of offset. */
export interface PackRun<T extends Placed> {
  readonly ordinal: number;
  readonly offset: number;
  readonly length: number;
  readonly chunks: readonly T[];
}

/**
 * Sorts chunks by pack and offset and joins near ones into runs of at most `maxBytes` (a single chunk may be larger). Chunks are joined when no
 * whole block of 1 MiB lies between them, since blocks are what travels. The same chunk twice is in one run twice. A run that has `enough` chunks ends where the next
 * block begins.
 */
export function* packRuns<T extends Placed>(chunks: Iterable<T>, maxBytes: number, enough = Infinity): Generator<PackRun<T>> {
  const sorted = [...chunks].sort((a, b) => a.ordinal - b.ordinal || a.offset - b.offset);
  for (let first = 0; first < sorted.length;) {
    const start = sorted[first]!;
    let end = start.offset + start.sealedLength;
    let next = first + 1;
    for (; next < sorted.length; next += 1) {
      const chunk = sorted[next]!;
      const chunkEnd = chunk.offset + chunk.sealedLength;
      const block = Math.floor(chunk.offset / limits.leafBytes);
      if (next - first >= enough && block > Math.floor(sorted[next - 1]!.offset / limits.leafBytes)) break;
      if (chunk.ordinal !== start.ordinal || block > Math.floor((end - 1) / limits.leafBytes) + 1) break;
      // The same chunk again, or one inside: costs nothing more.
      if (chunkEnd > end && chunkEnd - start.offset > maxBytes) break;
      end = Math.max(end, chunkEnd);
    }
    yield { ordinal: start.ordinal, offset: start.offset, length: end - start.offset, chunks: sorted.slice(first, next) };
    first = next;
  }
}
