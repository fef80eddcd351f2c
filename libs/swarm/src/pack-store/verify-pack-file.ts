import type { PackId } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { SwarmError } from '../errors.ts';
import { leafBytes } from '../pack-transfer/limits.ts';
import { isBadPlace, onDisk } from './disk-errors.ts';
import { readPackRoot } from './pack-root.ts';

export interface VerifyResult {
  /** True when every byte of the pack is what its id says. */
  readonly whole: boolean;
  /** `root` when the root block is missing or altered, numbers of altered leaves; empty when whole. What the disk can't give any more counts as altered. */
  readonly damaged: readonly ('root' | 'size' | number)[];
}

interface PackFile {
  readonly packId: PackId;
  /** As the store knows it. */
  readonly sizeBytes: number;
  readonly path: string;
  readonly files: DurableFiles;
  readonly storeName: string;
  readonly readRoot: () => Promise<Uint8Array>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Re-reads and re-hashes every byte of a pack file from the disk. Damage is a result, not an error, and so are places that the disk can't give and a file
 * that somebody else removed. Throws `store_failed`, and what ends the signal. Memory: one leaf.
 */
export async function verifyPackFile({ packId, sizeBytes, path, files, storeName, readRoot, signal }: PackFile): Promise<VerifyResult> {
  let root;
  try {
    root = readPackRoot(packId, await readRoot());
  } catch (error) {
    if ((error instanceof SwarmError && ['pack_corrupt', 'pack_not_found', 'pack_invalid'].includes(error.code)) || isBadPlace(error))
      return { whole: false, damaged: ['root'] };
    throw error;
  }
  const onDiskBytes = await onDisk(packId, storeName, () => files.size(path));
  if (onDiskBytes === undefined) return { whole: false, damaged: ['size'] };
  const damaged: ('size' | number)[] = [];
  if (onDiskBytes !== root.sizeBytes || sizeBytes !== root.sizeBytes) damaged.push('size');
  const file = await onDisk(packId, storeName, () => files.open(path));
  try {
    for (let leaf = 0; leaf < root.leafCount; leaf += 1) {
      signal?.throwIfAborted();
      const bytes = await onDisk(packId, storeName, () => file.read(leaf * leafBytes, leafBytes)).catch((error: unknown) => {
        if (isBadPlace(error)) return undefined;
        throw error;
      });
      if (!bytes || !root.verifyLeaf(leaf, bytes)) damaged.push(leaf);
    }
  } finally {
    await file.close();
  }
  return { whole: damaged.length === 0, damaged };
}
