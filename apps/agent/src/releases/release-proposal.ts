import type { ReleaseReason } from '#libs/contracts';
import type { PackId } from '#libs/kernel';

/** The vault's newest head, as forget and prune leave it. */
export interface NewHead {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** Deflated bitmaps of snapshots that need other packs than they were reported with: their chunks were copied. */
  readonly needs: readonly { readonly sequence: number; readonly neededPacks: Uint8Array }[];
}

/** Packs that no snapshot of `head` needs. */
export interface ReleaseProposal {
  readonly head: NewHead;
  readonly packIds: readonly PackId[];
  readonly reason: ReleaseReason;
}

/**
 * What forget and prune hand over to. Both calls resolve when it is durable here; the coordinator is told when it can be
 * reached. Whoever proposes packs has already taken their chunks out of the index: a new backup must store them again. The
 * own copies are removed by the port once the coordinator has accepted the release, never by the caller; packs proposed
 * before are left out by themselves. Copies made by a rewrite need not be protected yet: the coordinator puts the release
 * off until they are.
 */
export interface ReleasePort {
  /** After forget: the head changed, no pack is released. */
  headChanged(head: NewHead): Promise<void>;
  /** After prune. */
  releasePacks(proposal: ReleaseProposal): Promise<void>;
}
