import type { Primitives } from '#libs/crypto';
import {
  type BlockRejected,
  type BlockSource,
  ChunkOpener,
  type IndexCacheFile,
  type LoadedIndex,
  VaultReader,
  VerifiedBlocks,
} from '#libs/vault';

export interface OpenReaderOptions {
  readonly primitives: Primitives;
  readonly masterKey: Uint8Array;
  readonly headerBytes: Uint8Array;
  readonly headBytes: Uint8Array;
  /** In the order in which they are asked: the local store first, then holders. */
  readonly sources: readonly BlockSource[];
  /** The owner's device key where it is known from elsewhere. */
  readonly expectedSigningKey?: Uint8Array;
  readonly onRejected?: (rejected: BlockRejected) => void;
  /** An index that is at hand already. */
  readonly loadedIndex?: LoadedIndex;
  /** Kept between openings, so that only new index packs are read. */
  readonly indexCache?: IndexCacheFile;
  readonly signal?: AbortSignal;
}

export interface OpenedVault {
  readonly reader: VaultReader;
  readonly blocks: VerifiedBlocks;
  readonly opener: ChunkOpener;
  /** Grows while reading: which blocks were bad where. */
  readonly rejected: readonly BlockRejected[];
}

/** Leaves kept for trees and small files, which are not read in order: 1 MiB each. */
const cacheLeaves = 48;

/** A reader over several sources that remembers which blocks were bad where; pass it on to `restore` and `check`. Throws what {@link VaultReader.open} throws. */
export async function openReader(options: OpenReaderOptions): Promise<OpenedVault> {
  const { primitives, masterKey, headerBytes, headBytes, sources, expectedSigningKey, loadedIndex, indexCache, signal } = options;
  const rejected: BlockRejected[] = [];
  const onRejected = (one: BlockRejected): void => {
    rejected.push(one);
    options.onRejected?.(one);
  };
  const blocks = new VerifiedBlocks({ primitives, sources, onRejected, cacheLeaves });
  const reader = await VaultReader.open({
    primitives,
    masterKey,
    headerBytes,
    headBytes,
    blocks,
    expectedSigningKey,
    loadedIndex,
    indexCache,
    ...(signal && { signal }),
  });
  return { reader, blocks, opener: new ChunkOpener(primitives, masterKey, reader.header.vaultId), rejected };
}
