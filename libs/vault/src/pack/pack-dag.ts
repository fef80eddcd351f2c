import type { Primitives } from '#libs/crypto';
import type { PackId } from '#libs/kernel';
import { equalBytes } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type BlockHash, hashBlock, leafCid, packIdOf, parseLeafCid, parsePackId, rootCid } from './pack-id.ts';
import { decodeRootBlock, encodeRootBlock, leafCount, leafSize } from './unixfs-root.ts';

type Hashers = Pick<Primitives, 'blake3' | 'sha256'>;

export interface PackDag {
  readonly packId: PackId;
  readonly rootBlock: Uint8Array;
  readonly leafDigests: readonly Uint8Array[];
}

/** The pack's bytes as an IPFS DAG: raw leaves of 1 MiB under one UnixFS root, whose CID is the pack id. */
export function packDag(primitives: Hashers, bytes: Uint8Array, hash: BlockHash = 'blake3'): PackDag {
  if (bytes.length === 0 || bytes.length > limits.packBytes)
    throw new VaultError('limit_exceeded', `a pack has 1 to ${limits.packBytes} bytes, not ${bytes.length}`);
  const leafDigests = Array.from({ length: leafCount(bytes.length) }, (_, k) =>
    hashBlock(primitives, hash, bytes.subarray(k * limits.leafBytes, (k + 1) * limits.leafBytes)),
  );
  return packDagOf(primitives, leafDigests, bytes.length, hash);
}

/** {@link packDag} where the leaves were hashed as they came. */
export function packDagOf(primitives: Hashers, leafDigests: readonly Uint8Array[], sizeBytes: number, hash: BlockHash): PackDag {
  const rootBlock = encodeRootBlock(
    leafDigests.map((digest) => leafCid(hash, digest)),
    sizeBytes,
  );
  return { packId: packIdOf(rootCid(hash, hashBlock(primitives, hash, rootBlock))), rootBlock, leafDigests };
}

/** What a checked root block says of its pack. */
export interface PackRoot {
  readonly sizeBytes: number;
  readonly leafCount: number;
  /** CID bytes of leaf `leaf`. */
  leafCid(leaf: number): Uint8Array;
  /** Whether these are exactly the bytes of that leaf. */
  verifyLeaf(leaf: number, bytes: Uint8Array): boolean;
}

/** Checks a root block against the pack id and reads it. Throws `block_corrupt` when it is not that pack's root. */
export function openRootBlock(primitives: Hashers, packId: PackId, rootBlock: Uint8Array): PackRoot {
  const { hash, digest } = parsePackId(packId);
  const bad = (what: string): VaultError =>
    new VaultError('block_corrupt', `pack ${packId}: root block ${what}`, { context: { packId, region: 'root block' } });
  if (rootBlock.length > limits.rootBlockBytes) throw bad(`has ${rootBlock.length} bytes, more than allowed`);
  if (!equalBytes(hashBlock(primitives, hash, rootBlock), digest)) throw bad('does not match the pack id');
  const root = decodeRootBlock(rootBlock);
  if (!root) throw bad('is not a list of 1 MiB leaves');
  const leaves = root.leafCids.map((cid) => {
    const leaf = parseLeafCid(cid);
    if (!leaf) throw bad('names a leaf with an unknown kind of hash');
    return leaf;
  });
  return {
    sizeBytes: root.sizeBytes,
    leafCount: leaves.length,
    leafCid: (leaf) => root.leafCids[leaf]!,
    verifyLeaf(leaf, bytes) {
      const expected = leaves[leaf];
      return (
        !!expected &&
        bytes.length === leafSize(root.sizeBytes, leaf) &&
        equalBytes(hashBlock(primitives, expected.hash, bytes), expected.digest)
      );
    },
  };
}
