import type { Primitives } from '#libs/crypto';
import { utf8, concatBytes } from '#libs/kernel';
import { type ChunkKind, chunkKinds } from './chunk-kind.ts';

export interface ChunkIds {
  /** 32 bytes that name this plaintext in this vault and tell nothing without its key. */
  of(kind: ChunkKind, plaintext: Uint8Array): Uint8Array;
}

/**
 * Chunk ids: keyed BLAKE3 of the plaintext. Data chunks use the vault's chunk-id subkey itself; the other kinds a key
 * derived from it, so that a file which happens to hold the bytes of a tree is not taken for that tree.
 */
export function createChunkIds(primitives: Pick<Primitives, 'keyedBlake3'>, chunkIdKey: Uint8Array): ChunkIds {
  const keys = new Map<ChunkKind, Uint8Array>([['data', chunkIdKey]]);
  for (const kind of ['chunkList', 'tree', 'record', 'indexFragment'] as const) {
    keys.set(kind, primitives.keyedBlake3(chunkIdKey, concatBytes(utf8('holdfast/chunk-kind/1'), Uint8Array.of(chunkKinds[kind]))));
  }
  return { of: (kind, plaintext) => primitives.keyedBlake3(keys.get(kind)!, plaintext) };
}
