import type { VaultKeys, Primitives } from '#libs/crypto';
import type { RandomSource } from '#libs/kernel';
import { type ChunkIds, type ChunkKind, sealPack, type VaultHeader, type WrittenPack } from '#libs/vault';

export interface IndexPackVault {
  readonly primitives: Primitives;
  readonly random: RandomSource;
  readonly header: VaultHeader;
  readonly keys: VaultKeys;
  readonly chunkIds: ChunkIds;
}

/** A merged fragment of 200,000 entries has 10 MB: two of them a pack, so that a reader fetches few and none that is huge. */
const packPlainBytes = 20 * 1024 * 1024;

/** Fragments and records as few index packs, in this order. A fragment or record that is larger than usual gets one for itself. */
export function* sealIndexPacks(
  vault: IndexPackVault,
  fragments: readonly Uint8Array[],
  records: readonly Uint8Array[],
): Generator<WrittenPack> {
  const all = [
    ...fragments.map((plaintext) => chunk('indexFragment', plaintext)),
    ...records.map((plaintext) => chunk('record', plaintext)),
  ];
  function chunk(kind: ChunkKind, plaintext: Uint8Array) {
    return { kind, id: vault.chunkIds.of(kind, plaintext), plaintext };
  }
  for (let first = 0; first < all.length;) {
    let last = first + 1;
    let bytes = all[first]!.plaintext.length;
    while (last < all.length && bytes + all[last]!.plaintext.length <= packPlainBytes) bytes += all[last++]!.plaintext.length;
    const { primitives, random, header, keys } = vault;
    const { compressionLevel, blockHash } = header.parameters;
    yield sealPack(
      { primitives, random, vaultId: header.vaultId, keys, epoch: header.epoch, kind: 'index', compressionLevel, blockHash },
      all.slice(first, last),
    );
    first = last;
  }
}
