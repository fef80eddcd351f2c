import { ChunkIndex, type ChunkOpener, mergeFragment, PackTable, readFragments, type VaultHead, type VerifiedBlocks } from '#libs/vault';
import { throwIfInterrupted } from '../errors.ts';
import type { IndexUse } from './plan-prune.ts';

/** What is in each index pack of a head. Memory: one index pack at a time. Throws `index_corrupt` and what reading throws. */
export async function indexUse(
  head: VaultHead,
  packs: PackTable,
  { blocks, opener }: { readonly blocks: VerifiedBlocks; readonly opener: ChunkOpener },
  signal?: AbortSignal,
): Promise<IndexUse[]> {
  const uses: IndexUse[] = [];
  for (const [position, indexPack] of head.indexPacks.entries()) {
    throwIfInterrupted(signal);
    const { fragments } = await readFragments(opener, blocks, indexPack, signal ? { signal } : {});
    const described = new PackTable();
    const index = new ChunkIndex();
    for (const fragment of fragments) mergeFragment(fragment, described, index);
    const byPack = new Map<number, number>();
    for (const { ordinal } of index.entries()) byPack.set(ordinal, (byPack.get(ordinal) ?? 0) + 1);
    uses.push({
      pack: packs.get(indexPack.ordinal)!,
      entries: index.size,
      byPack,
      describes: new Set([...described.values()].map(({ ordinal }) => ordinal)),
      records: head.snapshots.filter(({ pack }) => pack === position).length,
    });
  }
  return uses;
}
