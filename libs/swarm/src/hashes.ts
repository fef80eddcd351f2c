import { nodePrimitives } from '#libs/crypto/node';

/** Multihash codes that a pack may be named by (https://github.com/multiformats/multicodec). */
export const multihashCodes = { blake3: 0x1e, sha256: 0x12 } as const;

/** Native hashes; no key is involved. */
export const hashers = nodePrimitives();

/** The digest of a block under the hash that its CID names, or undefined for a hash that packs do not use. */
export function digestOf(code: number, block: Uint8Array): Uint8Array | undefined {
  if (code === multihashCodes.blake3) return hashers.blake3(block);
  if (code === multihashCodes.sha256) return hashers.sha256(block);
  return undefined;
}
