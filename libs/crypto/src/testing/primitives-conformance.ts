import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { concatBytes, fromBase64Url, fromHex, toHex, utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { CryptoError } from '../crypto-error.ts';
import type { Primitives } from '../primitives.ts';

interface Vectors {
  readonly blake3: {
    readonly key: string;
    readonly cases: readonly { readonly inputLength: number; readonly hash: string; readonly keyedHash: string }[];
  };
  readonly sha256: readonly { readonly text: string; readonly hash: string }[];
  readonly xchacha20poly1305: {
    readonly key: string;
    readonly nonce: string;
    readonly associatedData: string;
    readonly plaintext: string;
    readonly sealed: string;
  };
  readonly zstd: readonly { readonly name: string; readonly plainText: string; readonly repeat: number; readonly frame: string }[];
}

export const primitiveVectors = JSON.parse(readFileSync(new URL('../vectors/primitives.json', import.meta.url), 'utf8')) as Vectors;

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof CryptoError ? error.code : `not a CryptoError: ${String(error)}`;
  }
  return 'no error';
};

/** Tells apart what differs without printing megabytes. */
export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/**
 * What every implementation of {@link Primitives} must do. `other` is the second implementation: what one seals the
 * other opens, and `compressor` is whoever can compress (both, or only the other one).
 */
export function primitivesConformance(
  name: string,
  make: () => Promise<{ primitives: Primitives; other: Primitives; compressor: Primitives }>,
): void {
  describe(`primitives: ${name}`, () => {
    let primitives: Primitives;
    let other: Primitives;
    let compressor: Primitives;
    beforeAll(async () => {
      ({ primitives, other, compressor } = await make());
    });
    const random = seededRandom(20_261_122);
    const key = random.bytes(32);
    const prefix = random.bytes(16);
    const aad = random.bytes(58);

    it('hashes the official BLAKE3 and SHA-256 vectors', () => {
      for (const { inputLength, hash, keyedHash } of primitiveVectors.blake3.cases) {
        const input = Uint8Array.from({ length: inputLength }, (_, i) => i % 251);
        expect(toHex(primitives.blake3(input))).toBe(hash);
        expect(toHex(primitives.keyedBlake3(utf8(primitiveVectors.blake3.key), input))).toBe(keyedHash);
      }
      for (const { text, hash } of primitiveVectors.sha256) expect(toHex(primitives.sha256(utf8(text)))).toBe(hash);
    });

    it('hashes in pieces as in one go, many at once', () => {
      const data = random.bytes(300_000);
      const keys = [random.bytes(32), random.bytes(32)];
      const hashers = keys.map((k) => primitives.keyedHasher(k));
      for (let at = 0; at < data.length; at += 70_001) for (const hasher of hashers) hasher.update(data.subarray(at, at + 70_001));
      hashers.forEach((hasher, n) => expect(same(hasher.digest(), primitives.keyedBlake3(keys[n]!, data))).toBe(true));
      expect(same(primitives.keyedHasher(keys[0]!).digest(), other.keyedBlake3(keys[0]!, new Uint8Array(0)))).toBe(true);
      expect(codeOf(() => primitives.keyedHasher(new Uint8Array(31)))).toBe('bad_key');
    });

    it('hashes any bytes as the other implementation does, keys in any order', () => {
      const keys = [random.bytes(32), random.bytes(32), new Uint8Array(32)];
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 0, max: 2 }), (data, which) => {
          expect(same(primitives.blake3(data), other.blake3(data))).toBe(true);
          expect(same(primitives.keyedBlake3(keys[which]!, data), other.keyedBlake3(keys[which]!, data))).toBe(true);
          expect(same(primitives.sha256(data), other.sha256(data))).toBe(true);
        }),
        { numRuns: 200 },
      );
    });

    it('does not mix up a key that changes in place', () => {
      const mutable = key.slice();
      const before = primitives.keyedBlake3(mutable, aad);
      mutable[0] = mutable[0]! ^ 1;
      expect(same(primitives.keyedBlake3(mutable, aad), before)).toBe(false);
      expect(same(primitives.keyedBlake3(key, aad), before)).toBe(true);
    });

    it('gives results of its own: plain Uint8Arrays that later calls leave alone', () => {
      const hash = primitives.blake3(aad);
      const copy = hash.slice();
      primitives.blake3(key);
      expect(same(hash, copy)).toBe(true);
      const sealed = primitives.sealer(key, prefix).seal(1, aad, key);
      for (const bytes of [
        hash,
        primitives.keyedBlake3(key, aad),
        primitives.sha256(aad),
        sealed,
        primitives.sealer(key, prefix).open(1, sealed, key),
      ]) {
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
        expect(bytes.byteOffset).toBe(0);
        expect(bytes.buffer.byteLength).toBe(bytes.length);
      }
    });

    it('seals the vector of draft-irtf-cfrg-xchacha-03, appendix A.3.1', () => {
      const vector = primitiveVectors.xchacha20poly1305;
      const nonce = fromHex(vector.nonce);
      const n = new DataView(nonce.buffer).getBigUint64(16, true);
      const sealer = primitives.sealer(fromHex(vector.key), nonce.subarray(0, 16));
      expect(toHex(sealer.seal(n, utf8(vector.plaintext), fromHex(vector.associatedData)))).toBe(vector.sealed);
      expect(same(sealer.open(n, fromHex(vector.sealed), fromHex(vector.associatedData)), utf8(vector.plaintext))).toBe(true);
    });

    it('seals exactly the bytes of the other implementation, and opens what it sealed (500 random cases)', () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 32, maxLength: 32 }),
          fc.uint8Array({ minLength: 16, maxLength: 16 }),
          fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
          fc.uint8Array({ maxLength: 3000 }),
          fc.uint8Array({ maxLength: 100 }),
          (anyKey, anyPrefix, n, plaintext, associatedData) => {
            const sealed = primitives.sealer(anyKey, anyPrefix).seal(n, plaintext, associatedData);
            expect(sealed.length).toBe(plaintext.length + 16);
            expect(same(sealed, other.sealer(anyKey, anyPrefix).seal(n, plaintext, associatedData))).toBe(true);
            expect(same(other.sealer(anyKey, anyPrefix).open(n, sealed, associatedData), plaintext)).toBe(true);
            expect(same(primitives.sealer(anyKey, anyPrefix).open(BigInt(n), sealed, associatedData), plaintext)).toBe(true);
          },
        ),
        { numRuns: 500 },
      );
    });

    it('seals into the start of a larger buffer, and touches nothing behind', () => {
      for (const length of [0, 1, 15, 16, 17, 1000, 65_536, 200_001]) {
        const plaintext = random.bytes(length);
        const into = new Uint8Array(length + 40).fill(0xaa);
        primitives.sealer(key, prefix).sealInto(3, plaintext, aad, into.subarray(4));
        expect(same(into.subarray(4, length + 20), other.sealer(key, prefix).seal(3, plaintext, aad))).toBe(true);
        expect([...into.subarray(0, 4), ...into.subarray(length + 20)]).toEqual(Array.from({ length: 24 }, () => 0xaa));
      }
    });

    it('never writes beyond the memory that it is given', () => {
      const plaintext = new Uint8Array(100).fill(7);
      const memory = new Uint8Array(200).fill(0xaa);
      const sealed = primitives.sealer(key, prefix).seal(3, plaintext, aad);
      expect(() => primitives.sealer(key, prefix).sealInto(3, plaintext, aad, memory.subarray(0, 115))).toThrow();
      expect(memory.subarray(115).every((byte) => byte === 0xaa)).toBe(true);
      memory.fill(0xaa);
      // Whether it throws or opens only as much as there is room for.
      codeOf(() => primitives.sealer(key, prefix).open(3, sealed, aad, memory.subarray(0, 99)));
      expect(memory.subarray(99).every((byte) => byte === 0xaa)).toBe(true);
    });

    it('opens and decompresses into given memory, or gives memory of its own; what is behind stays', () => {
      for (const length of [0, 1, 17, 3000, 65_536, 200_001]) {
        const plaintext = utf8('some words of a letter, '.repeat(length / 24 + 1)).subarray(0, length);
        const sealed = primitives.sealer(key, prefix).seal(length, plaintext, aad);
        const into = new Uint8Array(length + 9).fill(0xaa);
        expect(same(primitives.sealer(key, prefix).open(length, sealed, aad, into), plaintext)).toBe(true);
        expect(same(primitives.decompress(compressor.compress(plaintext), length, into), plaintext)).toBe(true);
        expect([...into.subarray(length)]).toEqual(Array.from({ length: 9 }, () => 0xaa));
      }
    });

    it('opens what stands in memory that threads share', () => {
      for (const length of [0, 1, 17, 3000, 200_001]) {
        const plaintext = random.bytes(length);
        const sealed = new Uint8Array(new SharedArrayBuffer(length + 40)).subarray(5, 5 + length + 16);
        sealed.set(primitives.sealer(key, prefix).seal(length, plaintext, aad));
        expect(same(primitives.sealer(key, prefix).open(length, sealed, aad, new Uint8Array(length + 16)), plaintext)).toBe(true);
        sealed[length]! ^= 1;
        expect(codeOf(() => primitives.sealer(key, prefix).open(length, sealed, aad))).toBe('open_failed');
      }
    });

    it('shows no plaintext in given memory when the seal is broken', () => {
      const sealed = primitives.sealer(key, prefix).seal(1, utf8('attack at dawn'), aad);
      sealed[3]! ^= 1;
      const into = new Uint8Array(14).fill(0xaa);
      expect(codeOf(() => primitives.sealer(key, prefix).open(1, sealed, aad, into))).toBe('open_failed');
      expect([[...into].every((byte) => byte === 0), [...into].every((byte) => byte === 0xaa)]).toContain(true);
    });

    it('decompresses right after damaged frames, however they are damaged', () => {
      const plain = utf8(Array.from({ length: 4000 }, (_, i) => `${i * 7919} goats`).join(' '));
      const frame = compressor.compress(plain).slice();
      for (let at = 0; at < frame.length; at += 37) {
        const damaged = frame.slice();
        damaged[at]! ^= 0x55;
        codeOf(() => primitives.decompress(damaged, plain.length));
        expect(same(primitives.decompress(frame, plain.length), plain)).toBe(true);
      }
    });

    it('seals a whole 4 MiB chunk like the other implementation', () => {
      const chunk = new Uint8Array(4 * 1024 * 1024).map((_, i) => i * 31);
      const sealed = primitives.sealer(key, prefix).seal(7, chunk, aad);
      expect(same(sealed, other.sealer(key, prefix).seal(7, chunk, aad))).toBe(true);
      expect(same(primitives.sealer(key, prefix).open(7, sealed, aad), chunk)).toBe(true);
    });

    it('refuses every single flipped bit of sealed bytes, associated data, key, prefix and number', () => {
      const plaintext = random.bytes(40);
      const sealed = primitives.sealer(key, prefix).seal(5n, plaintext, aad);
      const flipped = (bytes: Uint8Array, bit: number): Uint8Array => bytes.map((b, i) => (i === bit >> 3 ? b ^ (1 << (bit & 7)) : b));
      const open = (k: Uint8Array, p: Uint8Array, n: bigint, s: Uint8Array, a: Uint8Array): string =>
        codeOf(() => primitives.sealer(k, p).open(n, s, a));
      for (let bit = 0; bit < sealed.length * 8; bit += 1) expect(open(key, prefix, 5n, flipped(sealed, bit), aad)).toBe('open_failed');
      for (let bit = 0; bit < aad.length * 8; bit += 1) expect(open(key, prefix, 5n, sealed, flipped(aad, bit))).toBe('open_failed');
      for (let bit = 0; bit < 256; bit += 1) expect(open(flipped(key, bit), prefix, 5n, sealed, aad)).toBe('open_failed');
      for (let bit = 0; bit < 128; bit += 1) expect(open(key, flipped(prefix, bit), 5n, sealed, aad)).toBe('open_failed');
      for (let bit = 0n; bit < 64n; bit += 1n) expect(open(key, prefix, 5n ^ (1n << bit), sealed, aad)).toBe('open_failed');
    });

    it('refuses sealed bytes that were cut, lengthened or are too short to be any', () => {
      const sealer = primitives.sealer(key, prefix);
      const sealed = sealer.seal(9, random.bytes(50), aad);
      for (let length = 0; length < sealed.length; length += 1)
        expect(codeOf(() => sealer.open(9, sealed.subarray(0, length), aad))).toBe('open_failed');
      expect(codeOf(() => sealer.open(9, concatBytes(sealed, Uint8Array.of(0)), aad))).toBe('open_failed');
      expect(codeOf(() => sealer.open(9, concatBytes(Uint8Array.of(0), sealed), aad))).toBe('open_failed');
    });

    it.each<[string, () => unknown]>([
      ['a short key', () => primitives.sealer(key.subarray(1), prefix)],
      ['a long prefix', () => primitives.sealer(key, key)],
      ['a short BLAKE3 key', () => primitives.keyedBlake3(prefix, key)],
      ['a negative number', () => primitives.sealer(key, prefix).seal(-1, key, aad)],
      ['a fraction', () => primitives.sealer(key, prefix).seal(1.5, key, aad)],
      ['a number that is no longer exact', () => primitives.sealer(key, prefix).seal(2 ** 53, key, aad)],
      ['NaN', () => primitives.sealer(key, prefix).open(Number.NaN, key, aad)],
      ['more than 64 bits', () => primitives.sealer(key, prefix).seal(2n ** 64n, key, aad)],
      ['a negative bigint', () => primitives.sealer(key, prefix).seal(-1n, key, aad)],
    ])('refuses %s', (_, work) => {
      expect(codeOf(work)).toBe('bad_key');
    });

    it('keeps its key when the caller wipes theirs', () => {
      const mine = key.slice();
      const minePrefix = prefix.slice();
      const sealer = primitives.sealer(mine, minePrefix);
      const before = sealer.seal(1, aad, aad);
      mine.fill(0);
      minePrefix.fill(0);
      expect(same(sealer.seal(1, aad, aad), before)).toBe(true);
    });

    it.each(primitiveVectors.zstd.map((vector) => [vector.name, vector] as const))(
      'decompresses the golden frame: %s',
      (_, { plainText, repeat, frame }) => {
        const plain = utf8(plainText.repeat(repeat));
        expect(same(primitives.decompress(fromBase64Url(frame), plain.length), plain)).toBe(true);
      },
    );

    it('decompresses what was compressed, at every size around a boundary and every level', () => {
      const sizes = [0, 1, 2, 63, 64, 255, 256, 257, 65_535, 65_536, 65_792, 131_071, 131_072, 131_073, 1_048_576, 4_194_304];
      for (const size of sizes) {
        for (const data of [
          new Uint8Array(size),
          random.bytes(Math.min(size, 200_000)),
          utf8('a line of a log file 0123456789\n'.repeat(size / 32)),
        ]) {
          expect(same(primitives.decompress(compressor.compress(data), data.length), data)).toBe(true);
        }
      }
      const text = utf8(Array.from({ length: 9000 }, (_, i) => `${i * i} bottles`).join('\n'));
      for (let level = 1; level <= 19; level += 1)
        expect(same(primitives.decompress(compressor.compress(text, level), text.length), text)).toBe(true);
    });

    it('refuses every other plain length, every cut and every addition', () => {
      const plain = utf8('the quick brown fox '.repeat(50));
      const frame = compressor.compress(plain);
      const decompress = (data: Uint8Array, length: number): string => codeOf(() => primitives.decompress(data, length));
      for (const length of [0, 1, plain.length - 1, plain.length + 1, 2 ** 31, 2 ** 53, -1, 1.5, Number.NaN])
        expect(decompress(frame, length)).toBe('decompress_failed');
      for (let length = 0; length < frame.length; length += 1)
        expect(decompress(frame.subarray(0, length), plain.length)).toBe('decompress_failed');
      expect(decompress(concatBytes(frame, Uint8Array.of(0)), plain.length)).toBe('decompress_failed');
      expect(decompress(concatBytes(frame, frame), plain.length)).toBe('decompress_failed');
      expect(decompress(concatBytes(frame, compressor.compress(new Uint8Array(0))), plain.length)).toBe('decompress_failed');
      // A skippable frame in front.
      expect(decompress(concatBytes(fromHex('502a4d1800000000'), frame), plain.length)).toBe('decompress_failed');
    });

    it('refuses frames that lie about their length, and gives exactly the agreed length or nothing for damaged ones', () => {
      // Single segment, 1-byte size 0xff = 255, one last RLE block of 10: says 255, holds 10.
      expect(codeOf(() => primitives.decompress(fromHex('28b52ffd20ff53000041'), 255))).toBe('decompress_failed');
      // Says 5, two RLE blocks of 5: holds 10.
      expect(codeOf(() => primitives.decompress(fromHex('28b52ffd20052a0000412b000041'), 5))).toBe('decompress_failed');
      const plain = utf8(Array.from({ length: 400 }, (_, i) => `${i * 7919} sheep`).join(' '));
      const frame = compressor.compress(plain);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(frame.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
          (edits) => {
            const damaged = frame.slice();
            for (const [at, by] of edits) damaged[at] = damaged[at]! ^ by;
            try {
              expect(primitives.decompress(damaged, plain.length).length).toBe(plain.length);
            } catch (error) {
              expect((error as CryptoError).code).toBe('decompress_failed');
            }
          },
        ),
        { numRuns: 500 },
      );
    });
  });
}
