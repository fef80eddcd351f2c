import { equalBytes } from '#libs/kernel';
import type { HeadSnapshot, VaultHead } from './vault-head.ts';

/**
 * Whether a reader finds everything by `next` that it finds by `before`, in the same places: every snapshot's record, every index pack, and no pack called
 * dead that was not. So after a backup; not so after forget, prune or a merge of the index, nor when somebody who took the machine over signs a head that
 * lists all snapshots and leads nowhere. For whoever keeps heads and has no key.
 */
export function headContinues(before: VaultHead, next: VaultHead): boolean {
  const indexPacks = new Set(next.indexPacks.map((pack) => pack.packId));
  if (before.indexPacks.some((pack) => !indexPacks.has(pack.packId))) return false;
  const records = new Map(next.snapshots.map((one) => [one.sequence, one]));
  if (before.snapshots.some((one) => !isSameRecord(before, one, next, records.get(one.sequence)))) return false;
  return isWithin(next.dead?.toBytes() ?? new Uint8Array(), before.dead?.toBytes() ?? new Uint8Array());
}

const isSameRecord = (before: VaultHead, one: HeadSnapshot, next: VaultHead, other: HeadSnapshot | undefined): boolean =>
  other !== undefined &&
  next.indexPacks[other.pack]?.packId === before.indexPacks[one.pack]?.packId &&
  other.offset === one.offset &&
  other.sealedLength === one.sealedLength &&
  other.plainLength === one.plainLength &&
  equalBytes(other.recordId, one.recordId);

const isWithin = (some: Uint8Array, all: Uint8Array): boolean => some.every((byte, at) => (byte & ~(all[at] ?? 0)) === 0);
