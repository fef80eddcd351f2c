import type { PackId, VaultId } from '#libs/kernel';
import type { PackBitmap } from '../chunk-index/pack-bitmap.ts';

export interface HeadIndexPack {
  readonly packId: PackId;
  readonly ordinal: number;
  readonly sizeBytes: number;
}

/** Where a snapshot's record is. `recordId` is its keyed hash, so the chain of records is fixed. */
export interface HeadSnapshot {
  readonly sequence: number;
  /** Index into `indexPacks`. */
  readonly pack: number;
  readonly offset: number;
  readonly sealedLength: number;
  readonly plainLength: number;
  readonly recordId: Uint8Array;
}

/** The newest state of a vault: a small signed file outside the packs. */
export interface VaultHead {
  readonly vaultId: VaultId;
  /** One more with every head written. */
  readonly sequence: number;
  readonly writtenAtMs: number;
  readonly indexPacks: readonly HeadIndexPack[];
  /** Ascending by sequence. */
  readonly snapshots: readonly HeadSnapshot[];
  /** All packs of the vault that live: how many, and {@link livePackDigest} of their ids. */
  readonly live: { readonly count: number; readonly digest: Uint8Array };
  /**
   * Ordinals that the fragments of `indexPacks` still describe and that live no more: a reader leaves these packs and all
   * their entries out. Undefined: none. See {@link PackBitmap}.
   */
  readonly dead?: PackBitmap | undefined;
  /** Sequences of snapshots that no rule may forget, ascending. Undefined: none. */
  readonly pinned?: readonly number[] | undefined;
  /** The ordinal that the next pack gets; never goes back. */
  readonly nextOrdinal: number;
  /** BLAKE3 of the previous head file's bytes; undefined for the first. */
  readonly previousHead: Uint8Array | undefined;
}
