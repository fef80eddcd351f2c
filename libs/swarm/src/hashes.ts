import { createHash } from 'node:crypto';
import { blake3 } from '@napi-rs/blake-hash';

/** Multihash codes that a pack may be named by. */
export const blake3Code = 0x1e;
export const sha256Code = 0x12;

/** The digest of a block under the hash that its CID names, or undefined for a hash that packs do not use. */
export function digestOf(code: number, block: Uint8Array): Uint8Array | undefined {
  if (code === blake3Code) return blake3(block as Buffer) as unknown as Uint8Array;
  if (code === sha256Code) return createHash('sha256').update(block).digest();
  return undefined;
}
