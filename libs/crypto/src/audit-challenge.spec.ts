import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { concatBytes, fromHex, toHex } from '#libs/kernel';
import { AuditAnswers, auditNonce } from './audit-challenge.ts';
import { nodePrimitives } from './node/index.ts';
import { portablePrimitives } from './portable/index.ts';
import type { Primitives } from './primitives.ts';

interface Vectors {
  readonly seed: string;
  readonly nonces: readonly { readonly index: number; readonly nonce: string }[];
  /** Packs of bytes i % 251; `index` says which nonce. */
  readonly answers: readonly { readonly index: number; readonly packBytes: number; readonly answer: string }[];
}
const vectors = JSON.parse(readFileSync(new URL('vectors/audit.json', import.meta.url), 'utf8')) as Vectors;
const patterned = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251);

let both: Primitives[];
beforeAll(async () => {
  const portable = await portablePrimitives();
  both = [nodePrimitives(), portable];
});

const answerTo = (primitives: Primitives, nonce: Uint8Array, pack: Uint8Array, piece = 1 << 20): Uint8Array => {
  const hash = new AuditAnswers(primitives, [nonce]);
  for (let at = 0; at < pack.length; at += piece) hash.update(pack.subarray(at, at + piece));
  return hash.answers()[0]!;
};

describe('audit challenges', () => {
  it('gives the golden nonces and answers, in both implementations', () => {
    for (const primitives of both) {
      const seed = fromHex(vectors.seed);
      for (const { index, nonce } of vectors.nonces) expect(toHex(auditNonce(primitives, seed, index))).toBe(nonce);
      for (const { index, packBytes, answer } of vectors.answers)
        expect(toHex(answerTo(primitives, auditNonce(primitives, seed, index), patterned(packBytes)))).toBe(answer);
    }
  });

  it('answers many nonces in one reading as each alone, however the pack is cut', () => {
    const [primitives] = both as [Primitives];
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 20_000 }),
        fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 9_000 }),
        (pack, nonces, piece) => {
          const together = new AuditAnswers(primitives, nonces);
          for (let at = 0; at < pack.length; at += piece) together.update(pack.subarray(at, at + piece));
          expect(together.answers().map(toHex)).toEqual(nonces.map((nonce) => toHex(answerTo(primitives, nonce, pack))));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has another answer when any one bit of the pack differs', () => {
    const [primitives] = both as [Primitives];
    const pack = patterned(5_000);
    const nonce = auditNonce(primitives, fromHex(vectors.seed), 0);
    const right = toHex(answerTo(primitives, nonce, pack));
    fc.assert(
      fc.property(fc.nat(pack.length - 1), fc.nat(7), (at, bit) => {
        const rotten = pack.slice();
        rotten[at] = rotten[at]! ^ (1 << bit);
        expect(toHex(answerTo(primitives, nonce, rotten))).not.toBe(right);
      }),
      { numRuns: 100 },
    );
  });

  it('is not answered by what a holder could keep in place of the pack: hashes of blocks, of the pack, or earlier answers', () => {
    const [primitives] = both as [Primitives];
    const pack = patterned(3 * 1024 * 1024 + 17);
    const seed = fromHex(vectors.seed);
    const [asked, nonce] = [auditNonce(primitives, seed, 0), auditNonce(primitives, seed, 1)];
    const leaves = [0, 1, 2, 3].map((n) => pack.subarray(n << 20, (n + 1) << 20));
    const kept = concatBytes(...leaves.map((leaf) => primitives.blake3(leaf)));
    const earlier = answerTo(primitives, asked, pack);
    const attempts = [
      answerTo(primitives, nonce, kept),
      answerTo(primitives, nonce, primitives.blake3(pack)),
      answerTo(primitives, nonce, earlier),
      answerTo(primitives, nonce, concatBytes(...leaves.map((leaf) => answerTo(primitives, asked, leaf)))),
      earlier,
    ];
    const right = toHex(answerTo(primitives, nonce, pack));
    for (const attempt of attempts) expect(toHex(attempt)).not.toBe(right);
  });

  it('refuses seeds and nonces of another length', () => {
    const [primitives] = both as [Primitives];
    expect(() => auditNonce(primitives, new Uint8Array(31), 0)).toThrow(/audit seed/);
    expect(() => new AuditAnswers(primitives, [new Uint8Array(33)])).toThrow(/BLAKE3 key/);
  });
});
