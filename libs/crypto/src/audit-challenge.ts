import { concatBytes, utf8 } from '#libs/kernel';
import type { KeyedHasher, Primitives } from './primitives.ts';
import { requireLength } from './secret-bytes.ts';

/** Bytes of a seed, a nonce and an answer. */
export const auditBytes = 32;

const nonceContext = utf8('holdfast/audit/1\0');

/**
 * The nonce of challenge `index` (an unsigned 32-bit number) of a seed. Whoever has the seed (the owner while it makes the
 * challenges, then the coordinator) has all of them; one nonce tells nothing of another. Throws `bad_key`.
 */
export function auditNonce(primitives: Primitives, seed: Uint8Array, index: number): Uint8Array {
  requireLength('audit seed', seed, auditBytes);
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, index, true);
  return primitives.keyedBlake3(seed, concatBytes(nonceContext, number));
}

/**
 * Answers to challenges about one pack: BLAKE3 of all its bytes in keyed mode, the nonce being the key. Give it the pack from the
 * first byte to the last; memory does not grow with the pack.
 *
 * The nonce is the key and not a prefix of what is hashed: BLAKE3 is a tree, so behind a prefix of known length a holder could
 * keep the tree's inner values in place of the pack. The key enters every compression (docs/spec/audit.md).
 */
export class AuditAnswers {
  readonly #hashers: readonly KeyedHasher[];

  /** Throws `bad_key` for a nonce that is not 32 bytes. */
  constructor(primitives: Primitives, nonces: readonly Uint8Array[]) {
    this.#hashers = nonces.map((nonce) => primitives.keyedHasher(nonce));
  }

  update(bytes: Uint8Array): void {
    for (const hasher of this.#hashers) hasher.update(bytes);
  }

  /** One answer of 32 bytes a nonce, in their order. Call it once. */
  answers(): Uint8Array[] {
    return this.#hashers.map((hasher) => hasher.digest());
  }
}
