import type { VaultId } from '#libs/kernel';

/** The two small files outside packs that a reader needs besides a key: stored bytes, sealed and signed by the owner. */
export interface VaultDocuments {
  readonly vaultId: VaultId;
  /** At most 256 KiB. */
  readonly header: Uint8Array;
  /** At most 8 MiB; undefined before the first snapshot. */
  readonly head: Uint8Array | undefined;
  /** The head's sequence; 0 without a head. The newest wins, never an older one. */
  readonly sequence: number;
}

/** Where a holder keeps other vaults' documents. */
export interface VaultDocumentStore {
  get(vaultId: VaultId): Promise<VaultDocuments | undefined>;
  /** Keeps them unless what is there is newer. Returns the sequence held then. Throws `document_invalid`, `store_full`. */
  put(documents: VaultDocuments): Promise<number>;
}
