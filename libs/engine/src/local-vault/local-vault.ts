import type { VaultId } from '#libs/kernel';
import type { ChunkIndex, PackInfo, PackTable, VaultHead, VaultHeader, VaultReader } from '#libs/vault';
import type { CommittedSnapshot } from '../backup/backup-types.ts';
import type { CreateLocalVaultOptions, LocalVaultOptions } from './local-vault-types.ts';

/** The owner's vault on this machine. One process at a time: opening twice throws `vault_busy`. */
export declare class LocalVault {
  /** Makes header and empty head. Throws `vault_exists`. */
  static create(options: CreateLocalVaultOptions): Promise<LocalVault>;
  /** Throws `vault_not_found`, `vault_busy`, `vault_state_corrupt`, `wrong_key` (VaultError). Finds what an interrupted run left. */
  static open(options: LocalVaultOptions): Promise<LocalVault>;
  readonly vaultId: VaultId;
  readonly header: VaultHeader;
  readonly headerBytes: Uint8Array;
  get head(): VaultHead;
  get headBytes(): Uint8Array;
  get index(): ChunkIndex;
  get packs(): PackTable;
  /** Every pack of the vault in the local store, index packs included: what must have been announced. */
  allPacks(): PackInfo[];
  /** A reader over the local store at the present head. */
  reader(): Promise<VaultReader>;
  /** Snapshot as the coordinator is told, again: after a crash between commit and report. */
  describeSnapshot(sequence: number | 'latest'): Promise<CommittedSnapshot>;
  /** Puts changed header bytes (a slot added or removed) in place. */
  replaceHeader(headerBytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
