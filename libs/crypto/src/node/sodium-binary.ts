import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What is used of `sodium-native`: libsodium itself, built for the common platforms. Lengths are not checked. */
export interface NativeSodium {
  /** These give 0, or something else when libsodium refuses. */
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): number;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): number;
  crypto_scalarmult_base(publicKey: Uint8Array, secretKey: Uint8Array): number;
  crypto_box_seal(sealed: Uint8Array, plaintext: Uint8Array, publicKey: Uint8Array): number;
  crypto_secretbox_easy(sealed: Uint8Array, plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array): number;
  crypto_kdf_derive_from_key(subkey: Uint8Array, id: number, context: Uint8Array, key: Uint8Array): number;
  /** These say whether it is right. The first and the last take memory, offset and length of each. */
  crypto_sign_verify_detached(...signatureMessagePublicKey: readonly MemoryPart[]): boolean;
  crypto_secretbox_open_easy(plaintext: Uint8Array, sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): boolean;
  crypto_box_seal_open(...plaintextSealedPublicKeySecretKey: readonly MemoryPart[]): boolean;
}

/** Memory, offset or length. */
type MemoryPart = ArrayBufferLike | number;

/** Undefined where it has no binary for this platform. */
export function nativeSodium(load: () => unknown = loadBinary): NativeSodium | undefined {
  try {
    return load() as NativeSodium;
  } catch {
    return undefined;
  }
}

/**
 * The binary itself. The package's own entry wraps all of libsodium in checks, 100 KB of code of which nine functions are called, and finds the binary by way of
 * several other modules: 12 ms of processor time, against 1 ms. Where the binary is elsewhere, the package finds it.
 */
function loadBinary(): unknown {
  const require = createRequire(import.meta.url);
  try {
    return require(
      join(
        dirname(require.resolve('sodium-native/package.json')),
        'prebuilds',
        `${process.platform}-${process.arch}`,
        'sodium-native.node',
      ),
    );
  } catch {
    return require('sodium-native/binding.js');
  }
}
