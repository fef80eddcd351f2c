import type { RandomSource } from '#libs/kernel';
import { CryptoError } from './crypto-error.ts';
import { sodium } from './loaded-parts.ts';
import { requireLength } from './secret-bytes.ts';

export const masterKeySize = 32;

/** The subkeys of one vault at one key epoch, 32 bytes each. */
export interface VaultKeys {
  /** Keyed BLAKE3 of chunk plaintext. The same in every epoch, so that known chunks stay known. */
  readonly chunkId: Uint8Array;
  /** Derives the gear table and chunk boundaries. The same in every epoch. */
  readonly gear: Uint8Array;
  /** Seals packs of kind `data`. */
  readonly data: Uint8Array;
  /** Seals packs of kind `meta`. */
  readonly meta: Uint8Array;
  /** Seals packs of kind `index`. */
  readonly index: Uint8Array;
  /** Reserved for what accompanies the head. */
  readonly head: Uint8Array;
}

/** libsodium `crypto_kdf` context (8 bytes) of every vault subkey. */
export const vaultKdfContext = 'hfvault1';

/** Low byte of the subkey id; the epoch stands above it (id = epoch × 256 + purpose). 1 and 2 are taken at epoch 0 always. */
export const vaultSubkeyIds = { chunkId: 1, gear: 2, data: 3, meta: 4, index: 5, head: 6 } as const;

export function newMasterKey(random: RandomSource): Uint8Array {
  return random.bytes(masterKeySize);
}

/**
 * All subkeys of a vault's master key for one key epoch (an unsigned 32-bit number, written in every pack header).
 * Throws `bad_key` on a master key that is not 32 bytes or an epoch out of range.
 */
export function deriveVaultKeys(masterKey: Uint8Array, epoch: number): VaultKeys {
  requireLength('vault master key', masterKey, masterKeySize);
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > 0xffff_ffff)
    throw new CryptoError('bad_key', 'a key epoch is an unsigned 32-bit number');
  const lib = sodium();
  const subkey = (purpose: number, at: number): Uint8Array =>
    lib.crypto_kdf_derive_from_key(32, BigInt(at) * 256n + BigInt(purpose), vaultKdfContext, masterKey);
  return {
    chunkId: subkey(vaultSubkeyIds.chunkId, 0),
    gear: subkey(vaultSubkeyIds.gear, 0),
    data: subkey(vaultSubkeyIds.data, epoch),
    meta: subkey(vaultSubkeyIds.meta, epoch),
    index: subkey(vaultSubkeyIds.index, epoch),
    head: subkey(vaultSubkeyIds.head, epoch),
  };
}
