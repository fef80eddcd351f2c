import { limits } from '../limits.ts';
import { cidBytes } from './pack-id.ts';

/**
 * The dag-pb root block over raw leaves, byte for byte as Helia's and Kubo's importers write it: a link a leaf
 * (Hash, empty Name, Tsize), then the UnixFS message (type File, file size, size of every leaf).
 */
export function encodeRootBlock(leafCids: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const out: number[] = [];
  for (const [k, cid] of leafCids.entries()) {
    const leaf = leafSize(sizeBytes, k);
    out.push(0x12, ...varint(2 + cid.length + 2 + 1 + varint(leaf).length));
    out.push(0x0a, ...varint(cid.length), ...cid, 0x12, 0x00, 0x18, ...varint(leaf));
  }
  const unixfs = [0x08, 0x02, 0x18, ...varint(sizeBytes)];
  for (let k = 0; k < leafCids.length; k += 1) unixfs.push(0x20, ...varint(leafSize(sizeBytes, k)));
  out.push(0x0a, ...varint(unixfs.length), ...unixfs);
  return Uint8Array.from(out);
}

/**
 * Reads a root block back: the leaf CIDs and the pack's size, or undefined when it is anything but what
 * {@link encodeRootBlock} writes. Strict on purpose: what it accepts has one encoding only.
 */
export function decodeRootBlock(block: Uint8Array): { readonly leafCids: readonly Uint8Array[]; readonly sizeBytes: number } | undefined {
  if (block.length > limits.rootBlockBytes) return undefined;
  const leafCids: Uint8Array[] = [];
  let sizeBytes = 0;
  let at = 0;
  // Link: tag, length, then Hash (tag, length, CID).
  while (block[at] === 0x12) {
    const link = block[at + 1]!;
    const from = at + 4;
    if (block[at + 2] !== 0x0a || block[at + 3] !== cidBytes || from + cidBytes > block.length) return undefined;
    leafCids.push(block.slice(from, from + cidBytes));
    at += 2 + link;
    if (leafCids.length > limits.packBytes / limits.leafBytes) return undefined;
  }
  if (leafCids.length === 0 || block[at] !== 0x0a) return undefined;
  // UnixFS: skip tag and length, then type File and file size.
  at += 1;
  while (at < block.length && block[at]! >= 0x80) at += 1;
  at += 4;
  let scale = 1;
  for (let i = 0; i < 5; i += 1) {
    const byte = block[at + i];
    if (byte === undefined) return undefined;
    sizeBytes += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    scale *= 0x80;
  }
  if (sizeBytes < 1 || sizeBytes > limits.packBytes || leafCount(sizeBytes) !== leafCids.length) return undefined;
  const again = encodeRootBlock(leafCids, sizeBytes);
  return again.length === block.length && again.every((byte, i) => block[i] === byte) ? { leafCids, sizeBytes } : undefined;
}

export function leafCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / limits.leafBytes);
}

/** Bytes of leaf `k` of a pack of `sizeBytes`. */
export function leafSize(sizeBytes: number, k: number): number {
  return Math.min(limits.leafBytes, sizeBytes - k * limits.leafBytes);
}

function varint(value: number): number[] {
  const out: number[] = [];
  while (value >= 0x80) {
    out.push((value % 0x80) | 0x80);
    value = Math.floor(value / 0x80);
  }
  out.push(value);
  return out;
}
