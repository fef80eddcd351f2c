import type { Primitives } from '#libs/crypto';
import type { PackId } from '#libs/kernel';
import { type DirectoryEntry, headDigest, type HeadSnapshot, livePackDigest, PackBitmap, type PackInfo, type VaultHead } from '#libs/vault';

/** A record in one of the new index packs. */
export interface PlacedRecord {
  readonly sequence: number;
  /** Of the index pack that it is in. */
  readonly ordinal: number;
  readonly place: DirectoryEntry;
}

export interface HeadChange {
  /** Index packs that were written, in order. */
  readonly newIndexPacks?: readonly PackInfo[];
  /** Records in them: new ones, and moved ones of older snapshots. */
  readonly records?: readonly PlacedRecord[];
  /** Index packs that are replaced, by ordinal. */
  readonly mergedIndexPacks?: ReadonlySet<number>;
  /** All that fragments describe and that lives no more; undefined: as before. */
  readonly dead?: PackBitmap;
  readonly forget?: ReadonlySet<number>;
  readonly pinned?: readonly number[];
}

/** The head that follows `before`. `live`: every pack of the vault, index packs included, as it will be. */
export function nextHead(
  primitives: Pick<Primitives, 'blake3'>,
  before: { readonly head: VaultHead; readonly bytes: Uint8Array },
  change: HeadChange,
  now: { readonly nowMs: number; readonly nextOrdinal: number; readonly live: Iterable<PackId> },
): VaultHead {
  const { head } = before;
  const { newIndexPacks = [], records = [], mergedIndexPacks = new Set<number>(), forget = new Set<number>() } = change;
  const indexPacks = [
    ...head.indexPacks.filter(({ ordinal }) => !mergedIndexPacks.has(ordinal)),
    ...newIndexPacks.map(({ packId, ordinal, sizeBytes }) => ({ packId, ordinal, sizeBytes })),
  ];
  const positions = new Map(indexPacks.map(({ ordinal }, position) => [ordinal, position]));
  const placed = new Map(records.map((record) => [record.sequence, record]));
  const snapshots: HeadSnapshot[] = [];
  for (const snapshot of head.snapshots) {
    if (forget.has(snapshot.sequence) || placed.has(snapshot.sequence)) continue;
    snapshots.push({ ...snapshot, pack: positions.get(head.indexPacks[snapshot.pack]!.ordinal)! });
  }
  const newest = head.snapshots.at(-1)?.sequence ?? 0;
  const known = new Set(head.snapshots.map(({ sequence }) => sequence));
  for (const { sequence, ordinal, place } of placed.values()) {
    // Forgotten while its record was being moved.
    if (forget.has(sequence) || (sequence <= newest && !known.has(sequence))) continue;
    const { offset, sealedLength, plainLength, id } = place;
    snapshots.push({ sequence, pack: positions.get(ordinal)!, offset, sealedLength, plainLength, recordId: id });
  }
  snapshots.sort((a, b) => a.sequence - b.sequence);
  const kept = new Set(snapshots.map(({ sequence }) => sequence));
  const pinned = (change.pinned ?? head.pinned ?? []).filter((sequence) => kept.has(sequence));
  const dead = change.dead ?? head.dead;
  return {
    vaultId: head.vaultId,
    sequence: head.sequence + 1,
    writtenAtMs: now.nowMs,
    indexPacks,
    snapshots,
    live: livePackDigest(primitives, now.live),
    dead: dead && dead.count > 0 ? dead : undefined,
    pinned: pinned.length > 0 ? pinned : undefined,
    nextOrdinal: now.nextOrdinal,
    previousHead: headDigest(primitives, before.bytes),
  };
}
