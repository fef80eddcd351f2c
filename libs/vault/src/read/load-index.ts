import { ChunkIndex } from '../chunk-index/chunk-index.ts';
import { mergeFragment } from '../chunk-index/fragment.ts';
import { PackTable } from '../chunk-index/pack-table.ts';
import { VaultError } from '../errors.ts';
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

/** Reads all index packs of a head and merges their fragments in order. Memory: the index, and 8 packs in flight. */
export async function loadIndex(
  opener: ChunkOpener,
  blocks: VerifiedBlocks,
  head: VaultHead,
  options: ReadOptions = {},
): Promise<LoadedIndex> {
  const index = new ChunkIndex();
  const packs = new PackTable();
  for (let first = 0; first < head.indexPacks.length; first += concurrency) {
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
