import { createCipheriv } from 'node:crypto';
import koffi from 'koffi';

/** ChaCha20-Poly1305 (RFC 8439) by the OpenSSL that Node.js itself uses, from memory of the caller's into memory of the caller's. Lengths are not checked. */
export interface OpensslCalls {
  /** Writes the ciphertext and then the 16 bytes of the tag to `sealed`. Throws when OpenSSL refuses. */
  seal(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array): void;
  /** Whether the tag is right; what stands in `plaintext` afterwards counts only if it is. */
  open(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array, plaintext: Uint8Array): boolean;
}

const tagBytes = 16;
/** `EVP_CTRL_AEAD_GET_TAG` and `EVP_CTRL_AEAD_SET_TAG` of openssl/evp.h, the same since 1.1.0. */
const [getTag, setTag] = [0x10, 0x11];

let calls: OpensslCalls | null | undefined;

/**
 * Undefined where Node.js does not give its OpenSSL away, where that has no such cipher (FIPS), and where samples come out otherwise than by node:crypto, which
 * has no way to write to given memory: what it allocates costs as much as sealing. Found out once a thread.
 */
export function opensslCalls(): OpensslCalls | undefined {
  if (calls === undefined) calls = usableCalls(() => koffi.load(null)) ?? null;
  return calls ?? undefined;
}

/** {@link opensslCalls} of a library. */
export function usableCalls(load: () => ReturnType<typeof koffi.load>): OpensslCalls | undefined {
  try {
    const found = callsOf(load());
    return samples.every((length) => isRight(found, length)) ? found : undefined;
  } catch {
    return undefined;
  }
}

function callsOf(library: ReturnType<typeof koffi.load>): OpensslCalls {
  const bytes = 'uint8_t *';
  const initTypes = ['void *', 'void *', 'void *', bytes, bytes];
  const updateTypes = ['void *', bytes, 'int *', bytes, 'int'];
  const finalTypes = ['void *', bytes, 'int *'];
  const newContext = library.func('EVP_CIPHER_CTX_new', 'void *', []);
  const cipher: unknown = library.func('EVP_chacha20_poly1305', 'void *', [])();
  const control = library.func('EVP_CIPHER_CTX_ctrl', 'int', ['void *', 'int', 'int', bytes]);
  const direction = (name: 'Encrypt' | 'Decrypt') => {
    const context: unknown = newContext();
    const init = library.func(`EVP_${name}Init_ex`, 'int', initTypes);
    const update = library.func(`EVP_${name}Update`, 'int', updateTypes);
    const final = library.func(`EVP_${name}Final_ex`, 'int', finalTypes);
    if (!context || !cipher || init(context, cipher, null, null, null) !== 1) throw new Error('no such cipher');
    return { context, init, update, final };
  };
  // One of each for all packs of a thread: the key is set anew each time, which is a copy of 32 bytes. They stay to the end.
  const [sealing, opening] = [direction('Encrypt'), direction('Decrypt')];
  const written = new Int32Array(1);
  const nothing = new Uint8Array(tagBytes);

  /** Empty memory has no address, which would mean something else to OpenSSL. */
  const through = (
    { context, init, update }: typeof sealing,
    key: Uint8Array,
    nonce: Uint8Array,
    associatedData: Uint8Array,
    from: Uint8Array,
    to: Uint8Array,
  ): boolean =>
    init(context, null, null, key, nonce) === 1 &&
    (associatedData.length === 0 || update(context, null, written, associatedData, associatedData.length) === 1) &&
    (from.length === 0 || (update(context, to, written, from, from.length) === 1 && written[0] === from.length));

  return {
    seal(key, nonce, associatedData, plaintext, sealed) {
      const tag = sealed.subarray(plaintext.length, plaintext.length + tagBytes);
      const done =
        through(sealing, key, nonce, associatedData, plaintext, sealed) &&
        sealing.final(sealing.context, nothing, written) === 1 &&
        control(sealing.context, getTag, tagBytes, tag) === 1;
      if (!done) throw new Error('OpenSSL could not seal');
    },
    open(key, nonce, associatedData, sealed, plaintext) {
      const length = sealed.length - tagBytes;
      return (
        through(opening, key, nonce, associatedData, sealed.subarray(0, length), plaintext) &&
        control(opening.context, setTag, tagBytes, sealed.subarray(length)) === 1 &&
        opening.final(opening.context, nothing, written) === 1
      );
    },
  };
}

/** Lengths around what the code for different lengths in OpenSSL is split at. */
const samples = [0, 1, 63, 64, 1000];

function isRight(found: OpensslCalls, length: number): boolean {
  const [key, nonce, associatedData] = [pattern(32, 3), pattern(12, 5), pattern(length % 50, 11)];
  const plaintext = pattern(length, 7);
  const sealed = new Uint8Array(length + tagBytes);
  found.seal(key, nonce, associatedData, plaintext, sealed);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedData, { plaintextLength: length });
  const expected = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  const opened = new Uint8Array(length);
  if (Buffer.compare(sealed, expected) !== 0) return false;
  if (!found.open(key, nonce, associatedData, sealed, opened) || Buffer.compare(opened, plaintext) !== 0) return false;
  sealed[length]! ^= 1;
  return !found.open(key, nonce, associatedData, sealed, opened);
}

const pattern = (length: number, step: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i + 1) * step);
