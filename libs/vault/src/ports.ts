import type { PackId } from '#libs/kernel';

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** A source may put leaves there instead of into memory of its own; it keeps no view of one that it handed over. */
  readonly leafRoom?: LeafRoom;
}

/** Memory for leaves that are looked at once, used again and again: the kernel clears every page of fresh memory. */
export interface LeafRoom {
  /** A whole leaf long, with anything in it. */
  take(): Uint8Array;
}

/**
 * Where the bytes of packs come from: the local store, a holder, the coordinator's gateway. Nothing that it returns is
 * trusted: {@link VerifiedBlocks} checks every block against the pack id before anybody sees it.
 * Throws `AppError` with code `pack_not_found` when the pack is not there, `source_unavailable` (temporary) when it can't be reached.
 */
export interface BlockSource {
  /** For messages: "local store", a device's name, "coordinator gateway". */
  readonly name: string;
  /** The pack's dag-pb root block (at most 64 KiB). */
  rootBlock(packId: PackId, options?: ReadOptions): Promise<Uint8Array>;
  /** Leaves `first` … `first + count - 1` in order, each 1 MiB but the pack's last. */
  leaves(packId: PackId, first: number, count: number, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /**
   * Fills `into` with the pack's bytes from `offset`, without going by leaves; false when it has fewer. Only a source whose packs lie on this machine
   * has it: see {@link VerifiedBlocks.readSealed}.
   */
  readSealed?(packId: PackId, offset: number, into: Uint8Array, options?: ReadOptions): Promise<boolean>;
}

export type PackKind = 'data' | 'meta' | 'index';

/** A finished pack, ready to be stored. `bytes` is the whole file; `rootBlock` its dag-pb root, whose CID is `packId`. */
export interface SealedPack {
  readonly packId: PackId;
  readonly kind: PackKind;
  readonly bytes: Uint8Array;
  readonly rootBlock: Uint8Array;
}

/** A place that keeps packs. One conformance suite (`#libs/vault/testing`) holds every implementation to this. */
export interface PackStore extends BlockSource {
  /** Durable when it resolves; a crash before leaves no trace. Storing a pack again is no error. Throws `store_full` on a full disk. */
  put(pack: SealedPack, options?: ReadOptions): Promise<void>;
  has(packId: PackId): Promise<boolean>;
  /** Size in bytes of the stored pack file, or undefined when it is not there. */
  size(packId: PackId): Promise<number | undefined>;
  ids(options?: ReadOptions): AsyncIterable<PackId>;
  /** No error when it is not there. */
  delete(packId: PackId): Promise<void>;
  /** Where a store on a disk takes packs that their writer has in files already. Absent: {@link put} is the only way in. */
  readonly staging?: PackStaging;
}

/** What is in a file of {@link PackStaging.folder}. */
export interface StagedPack extends Omit<SealedPack, 'bytes'> {
  readonly sizeBytes: number;
  /** Absolute. */
  readonly path: string;
}

/** The second way into a {@link PackStore}: packs are written to files next to it while they are filled, and moved in when they are full. */
export interface PackStaging {
  /** On the store's own file system, for its one writer. May not exist yet. Files in it are no packs. */
  readonly folder: string;
  /**
   * Like {@link PackStore.put} for the bytes of this file, which is gone afterwards: makes them durable, then moves them. The root block is checked
   * against id and size; the leaves are not read again, since their writer hashed what it wrote.
   */
  adopt(pack: StagedPack): Promise<void>;
  /** Removes what a writer left that died. */
  sweep(): Promise<void>;
}
