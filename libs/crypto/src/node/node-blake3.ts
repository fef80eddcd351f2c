import { createRequire } from 'node:module';
import type { Blake3Hasher } from '@napi-rs/blake-hash';
import { equalBytes } from '#libs/kernel';
import type { KeyedHasher } from '../primitives.ts';
import { wasmBlake3 } from '../loaded-parts.ts';

export interface Blake3 {
  hash(data: Uint8Array): Uint8Array;
  keyedHash(key: Uint8Array, data: Uint8Array): Uint8Array;
  keyedHasher(key: Uint8Array): KeyedHasher;
}

interface NativeModule {
  readonly Blake3Hasher: { new (): Blake3Hasher; newKeyed(key: Buffer): Blake3Hasher };
}

/** BLAKE3 by the native module; undefined where it has no binary for this platform. */
export function nativeBlake3(load: () => unknown = () => createRequire(import.meta.url)('@napi-rs/blake-hash')): Blake3 | undefined {
  try {
    return new NativeBlake3(load() as NativeModule);
  } catch {
    return undefined;
  }
}

/** The native one, else WebAssembly (same digests, a tenth of the speed; needs `cryptoReady()`). */
export function anyBlake3(): Blake3 {
  return nativeBlake3() ?? wasmBlake3();
}

/** Making a native object costs more than hashing 4 KiB, so both are reused: one plain, one for the key last used. */
class NativeBlake3 implements Blake3 {
  readonly #native: NativeModule;
  readonly #plain: Blake3Hasher;
  #keyed: { readonly key: Uint8Array; readonly hasher: Blake3Hasher } | undefined;

  constructor(native: NativeModule) {
    this.#native = native;
    this.#plain = new native.Blake3Hasher();
  }

  hash(data: Uint8Array): Uint8Array {
    return digest(this.#plain, data);
  }

  keyedHash(key: Uint8Array, data: Uint8Array): Uint8Array {
    if (!this.#keyed || !equalBytes(this.#keyed.key, key)) {
      const copy = Buffer.from(key);
      this.#keyed = { key: copy, hasher: this.#native.Blake3Hasher.newKeyed(copy) };
    }
    return digest(this.#keyed.hasher, data);
  }

  keyedHasher(key: Uint8Array): KeyedHasher {
    const hasher = this.#native.Blake3Hasher.newKeyed(Buffer.from(key));
    return { update: (data) => void hasher.update(data), digest: () => new Uint8Array(hasher.digestBuffer()) };
  }
}

const digestBytes = 32;
const written = Buffer.alloc(digestBytes);

/** By way of text: the binary's own buffers are memory outside of the heap with a finalizer each, which costs three times as much. */
function digest(hasher: Blake3Hasher, data: Uint8Array): Uint8Array {
  hasher.reset();
  hasher.update(data);
  if (written.write(hasher.digest('hex'), 'hex') !== digestBytes) throw new Error('the digest is no digest');
  return new Uint8Array(written);
}
