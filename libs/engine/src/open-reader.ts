import type { Primitives } from '#libs/crypto';
import { isAppError, type PackId } from '#libs/kernel';
import {
  type BlockRejected,
  type BlockSource,
  ChunkOpener,
  decodeHead,
  decodeHeader,
  type IndexCacheFile,
  type LoadedIndex,
  readIndexCache,
  type SalvagedIndex,
  salvageIndex,
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
  /**
   * Packs at hand (of any vault), read for what they say of themselves when an index pack is lost. Without it such a vault does not open.
   */
  readonly salvageFrom?: () => AsyncIterable<PackId>;
  readonly signal?: AbortSignal;
}

export interface OpenedVault {
  readonly reader: VaultReader;
  readonly blocks: VerifiedBlocks;
  readonly opener: ChunkOpener;
  /** Grows while reading: which blocks were bad where. */
  readonly rejected: readonly BlockRejected[];
  /** Index packs that no source has right; the index was put together from the packs instead. Empty in a sound vault. */
  readonly lostIndexPacks: SalvagedIndex['lost'];
}

/** Leaves kept for trees and small files, which are not read in order: 1 MiB each. */
const cacheLeaves = 48;

/** A reader over several sources that remembers which blocks were bad where; pass it on to `restore` and `check`. A vault that lost index packs opens
 * from what its packs say of themselves, when told where they are. Throws what {@link VaultReader.open} throws. */
export async function openReader(options: OpenReaderOptions): Promise<OpenedVault> {
  const { primitives, masterKey, headerBytes, headBytes, sources, expectedSigningKey, loadedIndex, indexCache, signal } = options;
  const rejected: BlockRejected[] = [];
  const onRejected = (one: BlockRejected): void => {
    rejected.push(one);
    options.onRejected?.(one);
  };
  const blocks = new VerifiedBlocks({ primitives, sources, onRejected, cacheLeaves });
  const read = signal ? { signal } : {};
  const documents = { primitives, masterKey, headerBytes, headBytes, blocks, expectedSigningKey, ...read };
  let lostIndexPacks: SalvagedIndex['lost'] = [];
  let reader: VaultReader;
  try {
    reader = await VaultReader.open({ ...documents, loadedIndex, indexCache });
  } catch (error) {
    if (signal?.aborted || !options.salvageFrom || !isAppError(error) || !isOfIndex.has(error.code)) throw error;
    const header = decodeHeader(headerBytes);
    const head = decodeHead(headBytes, header.signingPublicKey);
    const salvageOpener = new ChunkOpener(primitives, masterKey, header.vaultId);
    const known = indexCache && (await readIndexCache(primitives, salvageOpener.keys(0).chunkId, head, indexCache));
    const salvaged = await salvageIndex(salvageOpener, blocks, head, options.salvageFrom(), read, known);
    lostIndexPacks = salvaged.lost;
    reader = await VaultReader.open({ ...documents, loadedIndex: salvaged });
  }
  return { reader, blocks, opener: new ChunkOpener(primitives, masterKey, reader.header.vaultId), rejected, lostIndexPacks };
}

/** What keeps an index pack from being read, and nothing else of a vault from being opened. */
const isOfIndex = new Set(['pack_not_found', 'source_unavailable', 'block_corrupt', 'pack_corrupt', 'chunk_corrupt', 'index_corrupt']);
