import type { RandomSource } from '#libs/kernel';
import { concatBytes, utf8 } from '#libs/kernel';
import { CryptoError } from './crypto-error.ts';
import { sodium } from './loaded-parts.ts';
import { requireLength } from './secret-bytes.ts';

/** Ed25519 (RFC 8032). `secretKey` is the 64-byte form seed ‖ public key that libsodium and libp2p both use. */
export interface SigningKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export const signingKeySizes = { seed: 32, publicKey: 32, secretKey: 64, signature: 64 } as const;

/** A new device, team root or coordinator identity. */
export function newSigningKeyPair(random: RandomSource): SigningKeyPair {
  return signingKeyPairFromSeed(random.bytes(signingKeySizes.seed));
}

/** The pair of a 32-byte seed: the same seed always gives the same pair. Throws `bad_key` on another length. */
export function signingKeyPairFromSeed(seed: Uint8Array): SigningKeyPair {
  requireLength('signing key seed', seed, signingKeySizes.seed);
  const pair = sodium().crypto_sign_seed_keypair(seed);
  return { publicKey: pair.publicKey, secretKey: pair.privateKey };
}

/** The 32-byte seed inside a 64-byte secret key (a view, not a copy). */
export function signingSeed(secretKey: Uint8Array): Uint8Array {
  requireLength('signing secret key', secretKey, signingKeySizes.secretKey);
  return secretKey.subarray(0, signingKeySizes.seed);
}

/**
 * Signs `payload` for one purpose: Ed25519 over `"holdfast/" + type + "/1" + NUL + payload`. A signature made for one
 * type never verifies as another. `type` is 1 to 40 characters of a-z, 0-9 and `-`. Gives 64 bytes.
 */
export function sign(type: string, payload: Uint8Array, secretKey: Uint8Array): Uint8Array {
  requireLength('signing secret key', secretKey, signingKeySizes.secretKey);
  return sodium().crypto_sign_detached(signedBytes(type, payload), secretKey);
}

/** Whether `signature` was made by {@link sign} with the same type, payload and key. Wrong lengths are simply false. */
export function verify(type: string, payload: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== signingKeySizes.signature || publicKey.length !== signingKeySizes.publicKey) return false;
  return sodium().crypto_sign_verify_detached(signature, signedBytes(type, payload), publicKey);
}

/** The bytes that {@link sign} signs. */
export function signedBytes(type: string, payload: Uint8Array): Uint8Array {
  if (!/^[a-z0-9-]{1,40}$/.test(type)) throw new CryptoError('bad_statement', 'a statement type is 1 to 40 characters of a-z, 0-9 and -');
  return concatBytes(utf8(`holdfast/${type}/1\0`), payload);
}
