import type { PackId } from '#libs/kernel';
import { ChunkIndex } from '../chunk-index/chunk-index.ts';
import { PackTable } from '../chunk-index/pack-table.ts';
import { type DirectoryEntry, readDirectory } from '../pack/pack-directory.ts';
import type { ReadOptions } from '../ports.ts';
import type { ChunkOpener } from './chunk-opener.ts';
import type { LoadedIndex } from './load-index.ts';
import { openPackDirectory } from './open-pack.ts';
import type { VerifiedBlocks } from './verified-blocks.ts';

export interface FoundRecord {
  readonly packId: PackId;
  readonly ordinal: number;
  readonly entry: DirectoryEntry;
}

export interface RebuiltIndex extends LoadedIndex {
  /** Snapshot records found in index packs, in the order of the packs. */
  readonly records: readonly FoundRecord[];
  /** Packs that could not be used, and why. */
  readonly failed: readonly { readonly packId: PackId; readonly error: unknown }[];
}

/**
 * The index from the packs alone: every pack's directory says what is in it. Reads header, directory and trailer of each,
 * so one or two leaves. A pack that does not open is reported, not fatal. Memory: the index.
 */
export async function rebuildIndex(
  opener: ChunkOpener,
  blocks: VerifiedBlocks,
  packIds: Iterable<{ readonly packId: PackId; readonly ordinal: number }>,
  options: ReadOptions = {},
): Promise<RebuiltIndex> {
  const index = new ChunkIndex();
  const packs = new PackTable();
  const records: FoundRecord[] = [];
  const failed: { packId: PackId; error: unknown }[] = [];
  for (const { packId, ordinal } of packIds) {
    options.signal?.throwIfAborted();
    try {
      const { kind, epoch, noncePrefix, sizeBytes, directory } = await openPackDirectory(opener, blocks, packId, options);
      packs.add({ ordinal, packId, sizeBytes, kind, epoch, noncePrefix });
      index.insertDirectory(ordinal, directory);
      if (kind !== 'index') continue;
      for (const entry of readDirectory(directory)) if (entry.kind === 'record') records.push({ packId, ordinal, entry });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      failed.push({ packId, error });
    }
  }
  return { index, packs, records, failed };
}
