import { isAppError, forEachConcurrent } from '#libs/kernel';
import type { LocatedChunk, VaultReader } from '#libs/vault';
import { interrupted } from '../errors.ts';
import { Turns } from '../turns.ts';
import type { FileTarget } from './file-target.ts';
import type { RestoreCounts } from './restore-counts.ts';
import type { RestoreFiles } from './restore-files.ts';

/** A place that needs a chunk. */
export interface ChunkPlace extends LocatedChunk {
  readonly target: FileTarget;
  readonly contentOffset: number;
}

interface FetchOptions {
  readonly reader: VaultReader;
  readonly files: RestoreFiles;
  readonly counts: RestoreCounts;
  readonly parallelPacks: number;
  readonly signal: AbortSignal | undefined;
  readonly report: () => void;
}

/**
 * Fetches pack by pack, each chunk once, and writes it to all the places that need it; several packs at the same time.
 * A chunk that no source has right fails the files that need it, by name; the others still come.
 * Memory: a request of 8 MiB for each pack under way.
 */
export async function fetchChunks(places: readonly ChunkPlace[], options: FetchOptions): Promise<void> {
  const packs = Map.groupBy(places, (place) => place.ordinal);
  const inOrder = [...packs].sort(([a], [b]) => a - b);
  try {
    await forEachConcurrent(
      inOrder,
      options.parallelPacks,
      ([ordinal, own], signal) => fetchPack(ordinal, own, { ...options, signal }),
      options.signal ? { signal: options.signal } : {},
    );
  } catch (error) {
    throw options.signal?.aborted ? interrupted(error) : error;
  }
}

async function fetchPack(ordinal: number, places: ChunkPlace[], options: FetchOptions): Promise<void> {
  const { reader, files, counts, signal, report } = options;
  const wanted = Map.groupBy(
    places.filter((place) => !place.target.failed).sort((a, b) => a.offset - b.offset),
    (place) => place.offset,
  );
  const deliver = (offset: number, plaintext: Uint8Array): void => {
    counts.packsFetched.add(ordinal);
    for (const place of wanted.get(offset)!) files.write(place.target, place.contentOffset, plaintext);
    counts.bytesFetched += wanted.get(offset)![0]!.sealedLength;
    wanted.delete(offset);
    report();
  };
  // The reader answers in the order of offsets, which is the order of the map; what came is taken out of it.
  const together = [...wanted.values()].map(([first]) => first!);
  let next = 0;
  const turns = new Turns();
  try {
    for await (const { plaintext } of reader.readChunks('data', together, { ...(signal && { signal }) })) {
      deliver(together[next++]!.offset, plaintext);
      await turns.maybeYield();
    }
    return;
  } catch (error) {
    if (!isChunkFailure(error, signal)) throw error;
  }
  // One by one from here on, to find which are bad.
  for (const [offset, concerned] of [...wanted]) {
    try {
      deliver(offset, await reader.readChunk('data', concerned[0]!.id, { ...(signal && { signal }) }));
    } catch (error) {
      if (!isChunkFailure(error, signal)) throw error;
      for (const { target } of concerned) files.fail(target, error);
    }
  }
}

/** A failure of the pack or its sources: of this chunk only. A full disk or an interruption is one of the run. */
function isChunkFailure(error: unknown, signal: AbortSignal | undefined): boolean {
  return !signal?.aborted && isAppError(error) && error.code !== 'disk_full';
}
