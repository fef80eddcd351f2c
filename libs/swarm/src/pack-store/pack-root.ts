import type { PackId } from '#libs/kernel';
import { isAppError, messageOf } from '#libs/kernel';
import { leafCount, leafSize, openRootBlock, parsePackId } from '#libs/vault';
import { SwarmError } from '../errors.ts';
import { hashers, multihashCodes } from '../hashes.ts';

/** A verified root block, as vaults' `openRootBlock` reads it, with the digests at hand. */
export interface PackRoot {
  readonly packId: PackId;
  readonly sizeBytes: number;
  readonly leafCount: number;
  /** Multihash code of the leaves. */
  readonly hashCode: number;
  /** 32 bytes. */
  digest(leaf: number): Uint8Array;
  verifyLeaf(leaf: number, bytes: Uint8Array): boolean;
}

export { leafCount as leafCountOf, leafSize as leafSizeOf };

/** Throws `pack_invalid` for anything but the id of a pack. */
export function assertPackId(packId: PackId): void {
  try {
    parsePackId(packId);
  } catch (error) {
    throw new SwarmError('pack_invalid', messageOf(error), { cause: error });
  }
}

/** Verifies a root block against the pack's id and reads it. Throws `pack_corrupt`, `pack_invalid` for a wrong id. */
export function readPackRoot(packId: PackId, block: Uint8Array): PackRoot {
  assertPackId(packId);
  try {
    const root = openRootBlock(hashers, packId, block);
    const hashCode = multihashCodes[parsePackId(packId).hash];
    return {
      packId,
      sizeBytes: root.sizeBytes,
      leafCount: root.leafCount,
      hashCode,
      // After version, codec, hash code and digest length.
      digest: (leaf) => root.leafCid(leaf).subarray(4),
      verifyLeaf: (leaf, bytes) => root.verifyLeaf(leaf, bytes),
    };
  } catch (error) {
    if (!isAppError(error, 'block_corrupt')) throw error;
    throw new SwarmError('pack_corrupt', error.message, { context: { packId, block: 'root' }, nextStep: error.nextStep, cause: error });
  }
}

export function corruptLeaf(packId: PackId, leaf: number, where: string): SwarmError {
  return new SwarmError('pack_corrupt', `leaf ${leaf} of pack ${packId} (${where}) does not match its hash`, {
    context: { packId, block: 'leaf', leaf, where },
  });
}
