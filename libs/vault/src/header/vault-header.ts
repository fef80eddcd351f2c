import type { VaultId } from '#libs/kernel';
import type { ChunkerParameters } from '../chunk/chunker.ts';
import type { BlockHash } from '../pack/pack-id.ts';

/** Fixed when the vault is made; changing the chunk sizes would store everything again. */
export interface VaultParameters {
  readonly chunkMinBytes: number;
  readonly chunkAvgBytes: number;
  readonly chunkMaxBytes: number;
  /** Zstandard level, 1 to 19; 0 stores everything as it is. */
  readonly compressionLevel: number;
  /** Sizes that finished packs have at most. */
  readonly dataPackBytes: number;
  readonly metaPackBytes: number;
  readonly blockHash: BlockHash;
}

export const defaultParameters: VaultParameters = {
  // 1 MiB deduplicates edits well and keeps the index at 60 bytes a MiB.
  chunkMinBytes: 256 * 1024,
  chunkAvgBytes: 1024 * 1024,
  chunkMaxBytes: 4 * 1024 * 1024,
  // Level 3 takes a quarter more time for 4 % less.
  compressionLevel: 1,
  // Big enough to count and audit millions of files, small enough to move over a slow link in a minute.
  dataPackBytes: 32 * 1024 * 1024,
  // Trees are rewritten more often; smaller packs are released sooner.
  metaPackBytes: 4 * 1024 * 1024,
  blockHash: 'blake3',
};

export const chunkerParameters = (parameters: VaultParameters): ChunkerParameters => ({
  minBytes: parameters.chunkMinBytes,
  avgBytes: parameters.chunkAvgBytes,
  maxBytes: parameters.chunkMaxBytes,
});

/** passphrase: Argon2id box; recovery: sealed to the team's recovery key; device: sealed to another device's box key. */
export type SlotKind = 'passphrase' | 'recovery' | 'device';

/** One way to open the vault. */
export interface KeySlot {
  /** 16 hex digits. */
  readonly slotId: string;
  readonly kind: SlotKind;
  /** For people: "Ann's passphrase", "team recovery key". In clear. */
  readonly label: string;
  readonly createdAtMs: number;
  /** X25519 key that it is sealed to; undefined for a passphrase. */
  readonly publicKey: Uint8Array | undefined;
  /** The master key under this slot's key, as `libs/crypto` seals it. */
  readonly box: Uint8Array;
}

/** What a reader needs before it has any key. In clear, and signed by the device. */
export interface VaultHeader {
  readonly vaultId: VaultId;
  /** One more with every change: of two headers, the higher is newer. */
  readonly sequence: number;
  readonly signingPublicKey: Uint8Array;
  /** Key epoch of new packs. */
  readonly epoch: number;
  readonly parameters: VaultParameters;
  readonly slots: readonly KeySlot[];
  /** Keyed hash of vault id and signing key under the master key: proves that who made the master key chose this device. */
  readonly binding: Uint8Array;
}
