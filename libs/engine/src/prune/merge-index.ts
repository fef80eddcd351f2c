import { ChunkIndex, encodeFragments, type IndexedChunk, mergeFragment, type PackBitmap, PackTable, readFragments } from '#libs/vault';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { OpenedVault } from '../open-reader.ts';
import { mergedFragmentEntries } from './prune-rules.ts';

export interface MergedIndex {
  readonly fragments: readonly Uint8Array[];
  /** Plain records of the snapshots whose record stood in a merged pack. */
  readonly records: readonly { readonly sequence: number; readonly plaintext: Uint8Array }[];
}

/**
 * Several index packs as few sorted fragments without what is `gone`, and the records in them. They will stand behind index packs that are newer than these:
 * so an entry that the vault finds in another pack by now, which an index pack that stays or one of these names, is left out. Memory: some 200 bytes an entry.
 */
export async function mergeIndexPacks(
  vault: LocalVault,
  { blocks, opener }: OpenedVault,
  ordinals: ReadonlySet<number>,
  gone: PackBitmap,
): Promise<MergedIndex> {
  const { head } = vault;
  const packs = new PackTable();
  const index = new ChunkIndex();
  for (const indexPack of head.indexPacks) {
    if (!ordinals.has(indexPack.ordinal)) continue;
    const { fragments } = await readFragments(opener, blocks, indexPack, {});
    for (const fragment of fragments) mergeFragment(fragment, packs, index, gone);
  }
  const records = [];
  for (const snapshot of head.snapshots) {
    const { ordinal, packId } = head.indexPacks[snapshot.pack]!;
    if (!ordinals.has(ordinal)) continue;
    const sealed = await blocks.readRange(packId, snapshot.offset, snapshot.sealedLength);
    const plaintext = opener.open(vault.packs.get(ordinal)!, 'record', snapshot.recordId, snapshot, sealed);
    records.push({ sequence: snapshot.sequence, plaintext });
  }
  const isElsewhere = ({ id, ordinal }: IndexedChunk): boolean => {
    const found = vault.index.lookup(id)?.ordinal ?? ordinal;
    return found !== ordinal && !gone.has(found) && !vault.isUncommitted(found);
  };
  const left = function* (): Generator<IndexedChunk> {
    for (const chunk of index.entries()) if (!isElsewhere(chunk)) yield chunk;
  };
  const fragments = packs.size === 0 ? [] : encodeFragments([...packs.values()], left(), mergedFragmentEntries);
  return { fragments, records };
}
