import type { IHasher } from 'hash-wasm';
import { createBLAKE3 } from 'hash-wasm';
import { concatBytes, equalBytes, fromHex } from '#libs/kernel';
import { CryptoError } from './crypto-error.ts';
import type { KeyedHasher } from './primitives.ts';

/** Distinctive, so that its two places in the saved state (key and first chaining value) can be found. */
const placeholderKey = fromHex('b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef');

/** First case of the official BLAKE3 test vectors (input length 0): plain, and keyed with their key. */
const vectors = {
  key: new TextEncoder().encode('whats the Elvish word for friend'),
  plain: fromHex('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'),
  keyed: fromHex('92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26'),
};

/**
 * BLAKE3-256 by hash-wasm, plain and keyed, without awaiting anything per call.
 *
 * hash-wasm fixes the key when it makes a hasher, and making one is asynchronous. Its saved state, though, is the plain
 * memory of the reference implementation's struct, where the key stands twice; so one keyed hasher serves every key by
 * loading that state with the key put in. {@link WasmBlake3.load} proves it on the official vectors each time, so
 * a future layout fails loudly instead of hashing wrongly.
 */
export class WasmBlake3 {
  readonly #plain: IHasher;
  readonly #keyed: IHasher;
  readonly #state: Uint8Array;
  readonly #keyOffsets: readonly number[];

  private constructor(plain: IHasher, keyed: IHasher) {
    this.#plain = plain;
    this.#keyed = keyed;
    this.#state = keyed.init().save().slice();
    this.#keyOffsets = occurrences(this.#state, placeholderKey);
  }

  static async load(): Promise<WasmBlake3> {
    const [plain, keyed] = await Promise.all([createBLAKE3(256), createBLAKE3(256, placeholderKey)]);
    const made = new WasmBlake3(plain, keyed);
    const empty = new Uint8Array(0);
    const right =
      equalBytes(made.hash(empty), vectors.plain) &&
      equalBytes(made.keyedHash(vectors.key, empty), vectors.keyed) &&
      equalBytes(made.keyedHash(vectors.key, concatBytes(vectors.key, vectors.key)), await direct(concatBytes(vectors.key, vectors.key)));
    if (!right)
      throw new CryptoError('not_ready', 'BLAKE3 in WebAssembly fails its own test vectors', {
        nextStep: 'Install the exact versions of the lock file.',
      });
    return made;
  }

  hash(data: Uint8Array): Uint8Array {
    return this.#plain.init().update(data).digest('binary');
  }

  keyedHash(key: Uint8Array, data: Uint8Array): Uint8Array {
    for (const offset of this.#keyOffsets) this.#state.set(key, offset);
    return this.#keyed.load(this.#state).update(data).digest('binary');
  }

  /** The one hasher serves all that are under way: each keeps its state (some 2 KB) between its pieces. */
  keyedHasher(key: Uint8Array): KeyedHasher {
    let state = this.#state.slice();
    for (const offset of this.#keyOffsets) state.set(key, offset);
    return {
      update: (data) => {
        state = this.#keyed.load(state).update(data).save().slice();
      },
      digest: () => this.#keyed.load(state).digest('binary'),
    };
  }
}

async function direct(data: Uint8Array): Promise<Uint8Array> {
  return (await createBLAKE3(256, vectors.key)).init().update(data).digest('binary');
}

function occurrences(haystack: Uint8Array, needle: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at + needle.length <= haystack.length; at += 1) {
    if (equalBytes(haystack.subarray(at, at + needle.length), needle)) found.push(at);
  }
  return found;
}
