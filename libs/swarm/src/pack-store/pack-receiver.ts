import type { PackId } from '#libs/kernel';

/** What a fetched pack is written to: a `FilePackStore`, or `HeldPackStore.sinkFor(about)`. */
export interface PackSink {
  beginReceive(packId: PackId, sizeBytes: number): Promise<PackReceiver>;
}

/** A pack on its way in. Verified leaves survive a restart of the process; nothing shows in the store before {@link commit}. */
export interface PackReceiver {
  readonly packId: PackId;
  readonly sizeBytes: number;
  readonly leafCount: number;
  /** True once the root block is known and verified. */
  readonly hasRoot: boolean;
  /** Throws `pack_corrupt` unless it is this pack's root, `pack_invalid` when its size is another. A disk that won't have it is told with the first leaf. */
  acceptRoot(block: Uint8Array): Promise<void>;
  /** Verifies and keeps leaf `index`. Throws `pack_corrupt`, `store_full`. Needs the root. */
  acceptLeaf(index: number, bytes: Uint8Array): Promise<void>;
  /** Runs of leaves that are still missing, in order. Empty: ready to commit. */
  missing(): readonly { readonly first: number; readonly count: number }[];
  /** Durable when it resolves. Throws `pack_corrupt` when leaves are missing. */
  commit(): Promise<void>;
  /** Lets go, keeping what was verified for the next try. */
  close(): Promise<void>;
  /** Lets go and removes what was kept. */
  discard(): Promise<void>;
}
