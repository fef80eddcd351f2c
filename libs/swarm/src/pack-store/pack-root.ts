import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import type { PackId } from '#libs/kernel';
import { equalBytes, isPackId, messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import { digestOf } from '../hashes.ts';
import { leafBytes, maxLeaves, maxPackBytes, maxRootBytes } from '../pack-transfer/limits.ts';

/** What a verified root block says: sizes and the digests of the leaves, nothing else of the block is kept. */
export interface PackRoot {
  readonly packId: PackId;
  readonly sizeBytes: number;
  readonly leafCount: number;
  readonly hashCode: number;
  /** 32 bytes a leaf, one after the other. */
  readonly digests: Uint8Array;
}

/** The CID behind a pack id. Throws `pack_invalid` for anything but CIDv1, dag-pb, a 32-byte digest of a known hash. */
export function packCid(packId: string): CID {
  let cid: CID | undefined;
  try {
    if (isPackId(packId)) cid = CID.parse(packId);
  } catch {
    // The shape was right, the content is not: same answer.
  }
  if (
    cid?.version !== 1 ||
    cid.code !== dagPb.code ||
    cid.multihash.digest.length !== 32 ||
    digestOf(cid.multihash.code, new Uint8Array()) === undefined
  ) {
    throw new SwarmError('pack_invalid', `${packId.slice(0, 120)} is no pack id`, { context: { packId: packId.slice(0, 120) } });
  }
  return cid;
}

/** Leaves of a pack of that size. */
export const leafCountOf = (sizeBytes: number): number => Math.ceil(sizeBytes / leafBytes);
/** Size of leaf `index` of a pack of that size. */
export const leafSizeOf = (sizeBytes: number, index: number): number => Math.min(leafBytes, sizeBytes - index * leafBytes);

/**
 * Verifies a root block against the pack's id and reads it. Throws `pack_corrupt` when the hash differs, `pack_invalid`
 * when the block is genuine but no pack of ours (another shape of DAG, too large).
 */
export function readPackRoot(packId: PackId, block: Uint8Array): PackRoot {
  const cid = packCid(packId);
  const hashCode = cid.multihash.code;
  if (block.length > maxRootBytes || !equalBytes(digestOf(hashCode, block)!, cid.multihash.digest)) {
    throw new SwarmError('pack_corrupt', `the root block of pack ${packId} does not match its id`, { context: { packId, block: 'root' } });
  }
  const invalid = (why: string, cause?: unknown): SwarmError =>
    new SwarmError('pack_invalid', `${packId} is the id of something that is no pack: ${why}`, { context: { packId }, cause });
  let node: dagPb.PBNode;
  let file: UnixFS;
  try {
    node = dagPb.decode(block);
    file = UnixFS.unmarshal(node.Data ?? new Uint8Array());
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
  const sizeBytes = Number(file.fileSize());
  const leafCount = leafCountOf(sizeBytes);
  if (file.type !== 'file' || file.data?.length) throw invalid('not a file of leaves');
  if (sizeBytes < 1 || sizeBytes > maxPackBytes || leafCount > maxLeaves) throw invalid(`${sizeBytes} bytes`);
  if (node.Links.length !== leafCount || file.blockSizes.length !== leafCount) throw invalid(`${node.Links.length} links`);
  const digests = new Uint8Array(32 * leafCount);
  for (const [index, link] of node.Links.entries()) {
    const { version, code, multihash } = link.Hash;
    if (version !== 1 || code !== raw.code || multihash.code !== hashCode || multihash.digest.length !== 32) throw invalid(`link ${index}`);
    if (Number(file.blockSizes[index]) !== leafSizeOf(sizeBytes, index)) throw invalid(`leaf ${index} is not 1 MiB`);
    digests.set(multihash.digest, 32 * index);
  }
  return { packId, sizeBytes, leafCount, hashCode, digests };
}

/** True when these bytes are leaf `index` of the pack. */
export function isLeaf(root: PackRoot, index: number, bytes: Uint8Array): boolean {
  if (index < 0 || index >= root.leafCount || bytes.length !== leafSizeOf(root.sizeBytes, index)) return false;
  return equalBytes(digestOf(root.hashCode, bytes)!, root.digests.subarray(32 * index, 32 * index + 32));
}

export function corruptLeaf(packId: PackId, leaf: number, where: string): SwarmError {
  return new SwarmError('pack_corrupt', `leaf ${leaf} of pack ${packId} (${where}) does not match its hash`, {
    context: { packId, block: 'leaf', leaf, where },
  });
}
