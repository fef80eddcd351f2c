import { PackBitmap } from '#libs/durability';
import type { PackId } from '#libs/kernel';
import type { VaultHead } from '#libs/vault';
import type { PackRow } from '../packs/packs.repository.ts';
import { readNeededPacks } from '../snapshots/needed-packs.ts';
import type { SnapshotRow } from '../snapshots/snapshots.repository.ts';

/**
 * Which packs the retained snapshots of a vault need: packs of data and trees by each snapshot's own list, index packs by
 * the head, which alone says where the snapshots are. Without a readable head every index pack is needed.
 */
export class RetainedNeeds {
  readonly #needed: PackBitmap;
  readonly #indexPacks: ReadonlySet<PackId> | undefined;

  constructor(snapshots: readonly Pick<SnapshotRow, 'neededPacks'>[], head: VaultHead | undefined) {
    this.#needed = union(snapshots.map((snapshot) => readNeededPacks(snapshot.neededPacks)));
    this.#indexPacks = head && new Set(head.indexPacks.map((pack) => pack.packId));
  }

  needs({ packId, kind, ordinal }: Pick<PackRow, 'packId' | 'kind' | 'ordinal'>): boolean {
    return kind === 'index' ? (this.#indexPacks?.has(packId) ?? true) : this.#needed.has(ordinal);
  }
}

function union(bitmaps: readonly PackBitmap[]): PackBitmap {
  const bytes = new Uint8Array(bitmaps.reduce((most, bitmap) => Math.max(most, bitmap.bytes.length), 0));
  for (const bitmap of bitmaps) bitmap.bytes.forEach((byte, at) => (bytes[at]! |= byte));
  return PackBitmap.fromBytes(bytes);
}
