import { utf8 } from '#libs/kernel';
import { boxKeySize, sealedBoxOverhead } from '../box-keys.ts';
import { requireLength } from '../secret-bytes.ts';
import { signingKeySizes } from '../signing-keys.ts';
import type { SodiumCalls } from '../sodium-calls.ts';
import type { NativeSodium } from './sodium-binary.ts';

const secretBox = { key: 32, nonce: 24, tag: 16 } as const;
const kdfContextBytes = 8;

/** {@link SodiumCalls} by the binary, which looks at no length: all are checked here. Results are plain Uint8Arrays with memory of their own. */
export function nativeSodiumCalls(binary: NativeSodium): SodiumCalls {
  return {
    crypto_sign_seed_keypair(seed) {
      requireLength('signing key seed', seed, signingKeySizes.seed);
      const publicKey = new Uint8Array(signingKeySizes.publicKey);
      const privateKey = new Uint8Array(signingKeySizes.secretKey);
      done(binary.crypto_sign_seed_keypair(publicKey, privateKey, seed));
      return { publicKey, privateKey };
    },
    crypto_sign_detached(message, secretKey) {
      requireLength('signing secret key', secretKey, signingKeySizes.secretKey);
      const signature = new Uint8Array(signingKeySizes.signature);
      done(binary.crypto_sign_detached(signature, message, secretKey));
      return signature;
    },
    crypto_sign_verify_detached(signature, message, publicKey) {
      requireLength('signature', signature, signingKeySizes.signature);
      requireLength('signing public key', publicKey, signingKeySizes.publicKey);
      return binary.crypto_sign_verify_detached(...partsOf(signature), ...partsOf(message), ...partsOf(publicKey)) === true;
    },
    crypto_scalarmult_base(secretKey) {
      requireLength('box secret key', secretKey, boxKeySize);
      const publicKey = new Uint8Array(boxKeySize);
      done(binary.crypto_scalarmult_base(publicKey, secretKey));
      return publicKey;
    },
    crypto_box_seal(plaintext, publicKey) {
      requireLength('box public key', publicKey, boxKeySize);
      const sealed = new Uint8Array(plaintext.length + sealedBoxOverhead);
      done(binary.crypto_box_seal(sealed, plaintext, publicKey));
      return sealed;
    },
    crypto_box_seal_open(sealed, publicKey, secretKey) {
      requireLength('box public key', publicKey, boxKeySize);
      requireLength('box secret key', secretKey, boxKeySize);
      if (sealed.length < sealedBoxOverhead) throw refused();
      const plaintext = new Uint8Array(sealed.length - sealedBoxOverhead);
      right(binary.crypto_box_seal_open(...partsOf(plaintext), ...partsOf(sealed), ...partsOf(publicKey), ...partsOf(secretKey)));
      return plaintext;
    },
    crypto_secretbox_easy(plaintext, nonce, key) {
      requireLength('secret box nonce', nonce, secretBox.nonce);
      requireLength('secret box key', key, secretBox.key);
      const sealed = new Uint8Array(plaintext.length + secretBox.tag);
      done(binary.crypto_secretbox_easy(sealed, plaintext, nonce, key));
      return sealed;
    },
    crypto_secretbox_open_easy(sealed, nonce, key) {
      requireLength('secret box nonce', nonce, secretBox.nonce);
      requireLength('secret box key', key, secretBox.key);
      if (sealed.length < secretBox.tag) throw refused();
      const plaintext = new Uint8Array(sealed.length - secretBox.tag);
      right(binary.crypto_secretbox_open_easy(plaintext, sealed, nonce, key));
      return plaintext;
    },
    crypto_kdf_derive_from_key(lengthBytes, id, context, key) {
      requireLength('key to derive from', key, 32);
      const contextBytes = utf8(context);
      requireLength('context of a derived key', contextBytes, kdfContextBytes);
      // The binary takes 16 to 64 bytes, and the id as a number.
      if (!Number.isInteger(lengthBytes) || lengthBytes < 16 || lengthBytes > 64) throw refused();
      if (id < 0n || id > BigInt(Number.MAX_SAFE_INTEGER)) throw refused();
      const subkey = new Uint8Array(lengthBytes);
      done(binary.crypto_kdf_derive_from_key(subkey, Number(id), contextBytes, key));
      return subkey;
    },
  };
}

const partsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): [ArrayBufferLike, number, number] => [buffer, byteOffset, byteLength];

function done(result: number): void {
  if (result !== 0) throw refused();
}

function right(result: boolean): void {
  if (result !== true) throw refused();
}

/** As the WebAssembly throws; whoever calls says what it means. */
function refused(): Error {
  return new Error('libsodium refuses');
}
