import type * as SodiumApi from 'libsodium-wrappers';
import { openFailed, noncePrefixSize, writeChunkNumber } from '../nonce.ts';
import type { Sealer } from '../primitives.ts';
import { requireLength } from '../secret-bytes.ts';

const tagSize = 16;

/** libsodium's `crypto_aead_xchacha20poly1305_ietf` with the 24-byte nonce prefix ‖ u64le(n). */
export function portableSealer(lib: typeof SodiumApi, key: Uint8Array, noncePrefix: Uint8Array): Sealer {
  requireLength('sealing key', key, 32);
  requireLength('nonce prefix', noncePrefix, noncePrefixSize);
  const ownKey = key.slice();
  const prefix = noncePrefix.slice();
  const nonceOf = (n: number | bigint): Uint8Array => {
    const nonce = new Uint8Array(noncePrefixSize + 8);
    nonce.set(prefix);
    writeChunkNumber(nonce, noncePrefixSize, n);
    return nonce;
  };
  const seal = (n: number | bigint, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array =>
    lib.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, associatedData, null, nonceOf(n), ownKey);
  return {
    seal,
    sealInto: (n, plaintext, associatedData, into) => into.set(seal(n, plaintext, associatedData)),
    open(n, sealed, associatedData) {
      const nonce = nonceOf(n);
      if (sealed.length < tagSize) throw openFailed();
      try {
        return lib.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed, associatedData, nonce, ownKey);
      } catch {
        throw openFailed();
      }
    },
  };
}
