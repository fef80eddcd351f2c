import type { Primitives } from '#libs/crypto';
import { concatBytes, equalBytes, isAppError, utf8 } from '#libs/kernel';
import type { HeadIndexPack, VaultHead } from '../head/vault-head.ts';
import { cidBytes, packIdBytes } from '../pack/pack-id.ts';
import { ChunkIndex } from './chunk-index.ts';
import { encodeFragments, mergeFragment } from './fragment.ts';
import { PackTable } from './pack-table.ts';

/** Where the owner's machine keeps the loaded index between two openings of the vault. */
export interface IndexCacheFile {
  /** Undefined when there is none. */
  open(): Promise<CachedBytes | undefined>;
  /** Puts these parts, one after the other, in its place, whole or not at all. */
  replace(parts: readonly Uint8Array[]): Promise<void>;
}

interface CachedBytes {
  readonly sizeBytes: number;
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface CachedIndex {
  readonly index: ChunkIndex;
  readonly packs: PackTable;
  /** So many of the head's index packs, from the first on, are in it. */
  readonly covered: number;
}

/** `HFIX` and the version of this layout. */
const magic = utf8('HFIX\u0001');
const lengthsAt = magic.length;
/** Lengths of the pack list and of the list of index packs, number of chunks: u32 each, in this machine's order like the entries. */
const startBytes = lengthsAt + 3 * 4;
const digestBytes = 32;
/** A million packs at some 100 bytes each are 100 MB; nothing larger is taken for a list. */
const listBytes = 256 * 1024 * 1024;

/**
 * The index as it lies in memory, for this machine only: start ‖ list of packs (a fragment without entries) ‖ ids of the index packs that are in
 * it ‖ keyed digest of each segment ‖ keyed digest of everything so far ‖ segments. The key is the vault's, so a file of another vault, a torn one
 * and a flipped bit are all the same: no cache. Loading takes no look-up, no decryption and no index pack.
 */
export async function writeIndexCache(
  primitives: Pick<Primitives, 'keyedBlake3'>,
  chunkIdKey: Uint8Array,
  head: VaultHead,
  { index, packs }: { readonly index: ChunkIndex; readonly packs: PackTable },
  file: IndexCacheFile,
): Promise<void> {
  const digest = digestWith(primitives, chunkIdKey);
  const [list] = encodeFragments([...packs.values()], []);
  const covers = coversOf(head.indexPacks);
  const segments = index.segments();
  const start = new Uint8Array(startBytes);
  start.set(magic);
  const view = new DataView(start.buffer);
  view.setUint32(lengthsAt, list!.length, true);
  view.setUint32(lengthsAt + 4, covers.length, true);
  view.setUint32(lengthsAt + 8, index.size, true);
  const front = concatBytes(start, list!, covers, ...segments.map(digest));
  await file.replace([front, digest(front), ...segments]);
}

/** The cached index, unless it is damaged, of another vault, or of index packs that the head no longer begins with. Never throws for what is in the file. */
export async function readIndexCache(
  primitives: Pick<Primitives, 'keyedBlake3'>,
  chunkIdKey: Uint8Array,
  head: VaultHead,
  file: IndexCacheFile,
): Promise<CachedIndex | undefined> {
  const digest = digestWith(primitives, chunkIdKey);
  const cached = await file.open();
  if (!cached) return undefined;
  try {
    const start = await cached.read(0, startBytes);
    if (start.length < startBytes || !equalBytes(start.subarray(0, lengthsAt), magic)) return undefined;
    const view = new DataView(start.buffer, start.byteOffset, startBytes);
    const [listLength, coversLength, size] = [0, 4, 8].map((at) => view.getUint32(lengthsAt + at, true)) as [number, number, number];
    const lengths = ChunkIndex.segmentLengths(size);
    const frontLength = startBytes + listLength + coversLength + lengths.length * digestBytes;
    const dataBytes = lengths.reduce((sum, length) => sum + length, 0);
    if (frontLength > listBytes || cached.sizeBytes !== frontLength + digestBytes + dataBytes) return undefined;
    const front = await cached.read(0, frontLength);
    if (!equalBytes(digest(front), await cached.read(frontLength, digestBytes))) return undefined;

    const covers = front.subarray(startBytes + listLength, startBytes + listLength + coversLength);
    const covered = coversLength / cidBytes;
    if (!equalBytes(covers, coversOf(head.indexPacks.slice(0, covered)))) return undefined;
    const packs = new PackTable();
    mergeFragment(front.subarray(startBytes, startBytes + listLength), packs, new ChunkIndex());
    // A chunk of a pack that is dead by now may be in an older one too, which only the fragments say.
    for (const { ordinal } of packs.values()) if (head.dead?.has(ordinal)) return undefined;

    const segments: Uint8Array[] = [];
    let at = frontLength + digestBytes;
    for (const [i, length] of lengths.entries()) {
      const segment = await cached.read(at, length);
      const expectedAt = startBytes + listLength + coversLength + i * digestBytes;
      if (!equalBytes(digest(segment), front.subarray(expectedAt, expectedAt + digestBytes))) return undefined;
      segments.push(segment);
      at += length;
    }
    return { index: ChunkIndex.fromSegments(segments, size), packs, covered };
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  } finally {
    await cached.close();
  }
}

function digestWith(primitives: Pick<Primitives, 'keyedBlake3'>, chunkIdKey: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const key = primitives.keyedBlake3(chunkIdKey, utf8('holdfast/index-cache/1'));
  return (bytes) => primitives.keyedBlake3(key, bytes);
}

function coversOf(indexPacks: readonly HeadIndexPack[]): Uint8Array {
  return concatBytes(...indexPacks.map(({ packId }) => packIdBytes(packId)));
}
