import { nodePrimitives } from '#libs/crypto/node';

/** Multihash codes that a pack may be named by. */
export const blake3Code = 0x1e;
export const sha256Code = 0x12;

const primitives = nodePrimitives();

/** The digest of a block under the hash that its CID names, or undefined for a hash that packs do not use. */
export function digestOf(code: number, block: Uint8Array): Uint8Array | undefined {
  if (code === blake3Code) return primitives.blake3(block);
  if (code === sha256Code) return primitives.sha256(block);
  return undefined;
}
