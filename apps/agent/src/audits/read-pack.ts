import { nodePrimitives } from '#libs/crypto/node';
import type { PackId } from '#libs/kernel';
import { isAppError } from '#libs/kernel';
import { type FilePackStore, isBadPlace } from '#libs/swarm';
import { leafCount, openRootBlock } from '#libs/vault';
import type { Pace } from './pace.ts';

export type PackReading =
  | { readonly kind: 'whole'; readonly sizeBytes: number }
  /** Not every block is what the pack's id says; how many are not (at least 1). `unreadable`: some of them the disk can't give any more. */
  | { readonly kind: 'damaged'; readonly sizeBytes: number; readonly leaves: number; readonly unreadable?: true }
  | { readonly kind: 'missing' };

const primitives = nodePrimitives();

/**
 * Reads a pack from the disk once, from its first byte to its last, comparing every block with its CID and showing it to `onBytes`
 * (before it is known whether the pack is whole). A place that the disk can't give is damage like any other, and what comes behind it is read. Throws `store_failed` when the disk does not
 * answer for another reason, and the signal's reason.
 */
export async function readPack(
  store: FilePackStore,
  packId: PackId,
  options: { readonly pace: Pace; readonly signal: AbortSignal; readonly onBytes?: (bytes: Uint8Array) => void },
): Promise<PackReading> {
  const { pace, signal, onBytes } = options;
  const sizeBytes = await store.size(packId);
  if (sizeBytes === undefined) return { kind: 'missing' };
  try {
    const root = await openedRoot(store, packId, signal);
    if (root === 'unreadable') return { kind: 'damaged', sizeBytes, leaves: leafCount(sizeBytes), unreadable: true };
    if (!root || root.sizeBytes !== sizeBytes) return { kind: 'damaged', sizeBytes, leaves: root?.leafCount ?? leafCount(sizeBytes) };
    let [leaf, damaged] = [0, 0];
    let unreadable = false;
    while (leaf < root.leafCount)
      try {
        for await (const bytes of store.leaves(packId, leaf, root.leafCount - leaf, { signal })) {
          if (!root.verifyLeaf(leaf, bytes)) damaged += 1;
          onBytes?.(bytes);
          leaf += 1;
          await pace.took(bytes.length, signal);
        }
      } catch (error) {
        if (!isBadPlace(error)) throw error;
        unreadable = true;
        damaged += 1;
        leaf += 1;
      }
    if (damaged === 0) return { kind: 'whole', sizeBytes };
    return { kind: 'damaged', sizeBytes, leaves: damaged, ...(unreadable && { unreadable }) };
  } catch (error) {
    // Deleted while it was read.
    if (isAppError(error, 'pack_not_found') && !(await store.has(packId))) return { kind: 'missing' };
    if (isAppError(error, 'pack_not_found')) return { kind: 'damaged', sizeBytes, leaves: leafCount(sizeBytes) };
    throw error;
  }
}

async function openedRoot(
  store: FilePackStore,
  packId: PackId,
  signal: AbortSignal,
): Promise<ReturnType<typeof openRootBlock> | 'unreadable' | undefined> {
  try {
    return openRootBlock(primitives, packId, await store.rootBlock(packId, { signal }));
  } catch (error) {
    if (isBadPlace(error)) return 'unreadable';
    if (isAppError(error, 'block_corrupt') || isAppError(error, 'pack_not_found')) return undefined;
    throw error;
  }
}
