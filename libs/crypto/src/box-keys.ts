import type { RandomSource } from '#libs/kernel';
import { CryptoError } from './crypto-error.ts';
import { sodium } from './loaded-parts.ts';
import { requireLength } from './secret-bytes.ts';

/** X25519 (RFC 7748), for sealing to somebody: 32 bytes each. */
export interface BoxKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export const boxKeySize = 32;
/** A sealed box is this much longer than what is in it: ephemeral public key 32 + tag 16. */
export const sealedBoxOverhead = 48;

export function newBoxKeyPair(random: RandomSource): BoxKeyPair {
  return boxKeyPairFromSecretKey(random.bytes(boxKeySize));
}

/** The pair of a stored secret key. Throws `bad_key` on another length than 32. */
export function boxKeyPairFromSecretKey(secretKey: Uint8Array): BoxKeyPair {
  requireLength('box secret key', secretKey, boxKeySize);
  return { publicKey: sodium().crypto_scalarmult_base(secretKey), secretKey: secretKey.slice() };
}

/**
 * libsodium `crypto_box_seal`: only the owner of the secret key can open it; nothing says who sealed it.
 * Throws `bad_key` on a public key that can't be one.
 */
export function sealToBox(publicKey: Uint8Array, plaintext: Uint8Array): Uint8Array {
  requireLength('box public key', publicKey, boxKeySize);
  try {
    return sodium().crypto_box_seal(plaintext, publicKey);
  } catch (cause) {
    // libsodium refuses points of small order, under which the shared secret would be known to everybody.
    if (cause instanceof CryptoError) throw cause;
    throw new CryptoError('bad_key', 'the public key is not a valid X25519 key');
  }
}

/** Opens what {@link sealToBox} made; throws `wrong_key` when it was sealed to another key or altered. */
export function openBox(sealed: Uint8Array, keys: BoxKeyPair): Uint8Array {
  requireLength('box public key', keys.publicKey, boxKeySize);
  requireLength('box secret key', keys.secretKey, boxKeySize);
  const failed = (): CryptoError =>
    new CryptoError('wrong_key', 'the sealed box does not open with this key', {
      nextStep: 'Use the key that it was sealed to; if it is the right one, the box was altered.',
    });
  if (sealed.length < sealedBoxOverhead) throw failed();
  const lib = sodium();
  try {
    return lib.crypto_box_seal_open(sealed, keys.publicKey, keys.secretKey);
  } catch {
    throw failed();
  }
}
