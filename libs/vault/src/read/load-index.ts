import type { Primitives } from '#libs/crypto';
import { equalBytes, isAppError } from '#libs/kernel';
import { ChunkIndex } from '../chunk-index/chunk-index.ts';
import { mergeFragment } from '../chunk-index/fragment.ts';
import { type CachedIndex, type IndexCacheFile, readIndexCache, writeIndexCache } from '../chunk-index/index-cache.ts';
import { PackTable } from '../chunk-index/pack-table.ts';
import { VaultError } from '../errors.ts';
import { livePackDigest } from '../head/head-codec.ts';
import type { HeadIndexPack, VaultHead } from '../head/vault-head.ts';
import { readDirectory } from '../pack/pack-directory.ts';
import type { ReadOptions } from '../ports.ts';
import type { ChunkOpener } from './chunk-opener.ts';
import { openPackDirectory, type OpenedPack } from './open-pack.ts';
import type { VerifiedBlocks } from './verified-blocks.ts';

/** Index packs fetched at the same time. */
const concurrency = 8;

export interface LoadedIndex {
  readonly index: ChunkIndex;
  readonly packs: PackTable;
}

/** The cache is written anew when so many index packs, or so many chunks, had to be read beside it. */
const cacheAgain = { packs: 8, chunks: 50_000 };

/**
 * {@link loadIndex} from the cache and the index packs that are not in it yet. A cache that doesn't fit the head counts as none, and one that can't
 * be written is no error.
 */
export async function loadIndexCached(
  primitives: Pick<Primitives, 'keyedBlake3' | 'blake3'>,
  opener: ChunkOpener,
  blocks: VerifiedBlocks,
  head: VaultHead,
  cache: IndexCacheFile,
  options: ReadOptions = {},
): Promise<LoadedIndex> {
  const { chunkId } = opener.keys(0);
  let known = await readIndexCache(primitives, chunkId, head, cache);
  let cachedChunks = known?.index.size ?? 0;
  let loaded = await loadIndex(opener, blocks, head, options, known);
  if (known && !isComplete(primitives, head, loaded.packs)) {
    known = undefined;
    cachedChunks = 0;
    loaded = await loadIndex(opener, blocks, head, options);
  }
  const unread = head.indexPacks.length - (known?.covered ?? 0);
  if (unread >= cacheAgain.packs || loaded.index.size - cachedChunks >= cacheAgain.chunks) {
    try {
      await writeIndexCache(primitives, chunkId, head, loaded, cache);
    } catch (error) {
      // No room, or not ours to write: the next opening reads the packs again.
      if (!isAppError(error)) throw error;
    }
  }
  return loaded;
}

/** Whether these are exactly the packs that the head counts. */
export function isComplete(primitives: Pick<Primitives, 'blake3'>, head: VaultHead, packs: PackTable): boolean {
  const live = livePackDigest(
    primitives,
    [...packs.values()].map((pack) => pack.packId),
  );
  return live.count === head.live.count && equalBytes(live.digest, head.live.digest);
}

/** Reads all index packs of a head, or those that `known` does not cover, and merges their fragments in order. Memory: the index, and 8 packs in flight. */
export async function loadIndex(
  opener: ChunkOpener,
  blocks: VerifiedBlocks,
  head: VaultHead,
  options: ReadOptions = {},
  known?: CachedIndex,
): Promise<LoadedIndex> {
  const { index, packs, covered } = known ?? { index: new ChunkIndex(), packs: new PackTable(), covered: 0 };
  for (let first = covered; first < head.indexPacks.length; first += concurrency) {
    const batch = head.indexPacks.slice(first, first + concurrency);
    const opened = await Promise.all(batch.map((pack) => readFragments(opener, blocks, pack, options)));
    for (const [i, { pack, fragments }] of opened.entries()) {
      const { packId, sizeBytes, kind, epoch, noncePrefix } = pack;
      packs.add({ ordinal: batch[i]!.ordinal, packId, sizeBytes, kind, epoch, noncePrefix });
      for (const fragment of fragments) mergeFragment(fragment, packs, index, head.dead);
    }
  }
  return { index, packs };
}

/** An index pack and its fragments, plain. Throws `index_corrupt` when it is not the one that the head names. */
export async function readFragments(
  opener: ChunkOpener,
  blocks: VerifiedBlocks,
  { packId, sizeBytes }: HeadIndexPack,
  options: ReadOptions,
): Promise<{ readonly pack: OpenedPack; readonly fragments: readonly Uint8Array[] }> {
  const pack = await openPackDirectory(opener, blocks, packId, options);
  if (pack.kind !== 'index' || pack.sizeBytes !== sizeBytes)
    throw new VaultError('index_corrupt', `pack ${packId} is not the index pack that the head names`, { context: { packId } });
  const fragments: Uint8Array[] = [];
  for (const entry of readDirectory(pack.directory)) {
    if (entry.kind !== 'indexFragment') continue;
    fragments.push(
      opener.open(pack, 'indexFragment', entry.id, entry, await blocks.readRange(packId, entry.offset, entry.sealedLength, options)),
    );
  }
  return { pack, fragments };
}
