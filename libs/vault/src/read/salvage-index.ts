import { isAppError, messageOf, type PackId } from '#libs/kernel';
import { ChunkIndex } from '../chunk-index/chunk-index.ts';
import { mergeFragment } from '../chunk-index/fragment.ts';
import type { CachedIndex } from '../chunk-index/index-cache.ts';
import { PackTable } from '../chunk-index/pack-table.ts';
import type { VaultHead } from '../head/vault-head.ts';
import { readDirectory } from '../pack/pack-directory.ts';
import type { ReadOptions } from '../ports.ts';
import type { ChunkOpener } from './chunk-opener.ts';
import { type LoadedIndex, readFragments } from './load-index.ts';
import { openPackDirectory } from './open-pack.ts';
import type { VerifiedBlocks } from './verified-blocks.ts';

export interface LostIndexPack {
  readonly packId: PackId;
  readonly reason: string;
  /** Somebody who may have it could not be reached. */
  readonly temporary: boolean;
}

export interface SalvagedIndex extends LoadedIndex {
  /** Index packs of the head that no source gave right, and why. */
  readonly lost: readonly LostIndexPack[];
  /** Packs that only the lost ones described and that were read instead. */
  readonly found: number;
}

/**
 * The index when some of its packs are lost: what the others say, and for the rest what the packs at hand say of themselves. Nothing is written.
 * Packs that no index describes get ordinals that the head has not given yet; they are good for this reader only.
 * Snapshots whose record was in a lost pack can't be read. `known`: a cached index; index packs that it covers are not read. Throws only when the signal says stop. Memory: the index.
 */
export async function salvageIndex(
  opener: ChunkOpener,
  blocks: VerifiedBlocks,
  head: VaultHead,
  candidates: AsyncIterable<PackId>,
  options: ReadOptions = {},
  known?: CachedIndex,
): Promise<SalvagedIndex> {
  const { index, packs, covered } = known ?? { index: new ChunkIndex(), packs: new PackTable(), covered: 0 };
  const lost: LostIndexPack[] = [];
  for (const indexPack of head.indexPacks.slice(covered)) {
    try {
      const { pack, fragments } = await readFragments(opener, blocks, indexPack, options);
      const { packId, sizeBytes, kind, epoch, noncePrefix } = pack;
      packs.add({ ordinal: indexPack.ordinal, packId, sizeBytes, kind, epoch, noncePrefix });
      for (const fragment of fragments) mergeFragment(fragment, packs, index, head.dead);
    } catch (error) {
      if (options.signal?.aborted || !isAppError(error)) throw error;
      lost.push({ packId: indexPack.packId, reason: messageOf(error), temporary: error.status === 'temporary' });
    }
  }
  let ordinal = head.nextOrdinal;
  let found = 0;
  if (lost.length > 0) {
    const skipped = new Set(head.indexPacks.map(({ packId }) => packId));
    for await (const packId of candidates) {
      options.signal?.throwIfAborted();
      if (skipped.has(packId) || packs.ordinalOf(packId) !== undefined) continue;
      skipped.add(packId);
      try {
        const { kind, epoch, noncePrefix, sizeBytes, directory } = await openPackDirectory(opener, blocks, packId, options);
        if (kind === 'index') continue;
        packs.add({ ordinal, packId, sizeBytes, kind, epoch, noncePrefix });
        for (const place of readDirectory(directory))
          if (!index.has(place.id)) index.insert(place.id, ordinal, place.offset, place.sealedLength, place.plainLength);
        ordinal += 1;
        found += 1;
      } catch (error) {
        // Of another vault, or damaged: what is in it is lost with the index, or was never ours.
        if (options.signal?.aborted || !isAppError(error)) throw error;
      }
    }
  }
  return { index, packs, lost, found };
}
