import type { PackId } from '#libs/kernel';
import type { VaultHead } from '#libs/vault';

/** `unknown`: a pack from before the snapshot's end lacks holders, and whether the snapshot needs it was not looked up. */
export type SnapshotState = 'protected' | 'captured' | 'unknown';

export interface SnapshotFacts {
  readonly head: Pick<VaultHead, 'indexPacks' | 'snapshots'>;
  /** Every pack that the vault's index knows, index packs or not. */
  readonly packs: Iterable<{ readonly packId: PackId; readonly ordinal: number }>;
  /** The newest snapshot with exactly the packs that it needs, where that was kept. */
  readonly latest: { readonly sequence: number; readonly packIds: readonly PackId[] } | null;
  /** Whether enough members signed for the pack. */
  readonly isHeld: (packId: PackId) => boolean;
}

/**
 * State of every snapshot, by sequence, from the holders' receipts alone and without reading a tree. A snapshot can only
 * need packs that were there when its own index pack, the last of its session, was written: are all of these held, it is
 * protected. Is one of the index packs up to its own not held, it is not. In between only a walk of its trees would tell.
 */
export function snapshotStates({ head, packs, latest, isHeld }: SnapshotFacts): Map<number, SnapshotState> {
  let firstShort = Number.POSITIVE_INFINITY;
  for (const { packId, ordinal } of packs) if (ordinal < firstShort && !isHeld(packId)) firstShort = ordinal;
  const firstShortIndex = head.indexPacks.findIndex(({ packId }) => !isHeld(packId));
  const states = new Map<number, SnapshotState>();
  for (const { sequence, pack } of head.snapshots) {
    if (sequence === latest?.sequence) states.set(sequence, latest.packIds.every(isHeld) ? 'protected' : 'captured');
    else if (firstShortIndex >= 0 && firstShortIndex <= pack) states.set(sequence, 'captured');
    else states.set(sequence, firstShort > head.indexPacks[pack]!.ordinal ? 'protected' : 'unknown');
  }
  return states;
}
