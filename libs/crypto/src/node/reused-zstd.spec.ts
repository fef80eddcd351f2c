import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomFillSync } from 'node:crypto';
import { constants, createZstdCompress, zstdCompressSync, zstdDecompressSync, type ZstdCompress } from 'node:zlib';
import { nodeCompress } from './node-zstd.ts';
import { compressBound, reusedZstd, reusedZstdBytes } from './reused-zstd.ts';

const once = (data: Uint8Array, level: number): Buffer =>
  zstdCompressSync(data, { pledgedSrcSize: data.length, params: { [constants.ZSTD_c_compressionLevel]: level } });

describe('a zstd context used again', () => {
  it('gives the bytes of a fresh one, frame after frame', () => {
    const compressors = new Map([1, 3, 9].map((level) => [level, reusedZstd(level)!]));
    fc.assert(
      fc.property(fc.constantFrom(1, 3, 9), fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 1, max: 300 }), (level, part, times) => {
        const data = Buffer.concat(Array.from({ length: times }, () => part));
        const frame = compressors.get(level)!(data);
        expect(Buffer.compare(frame, once(data, level))).toBe(0);
        expect(Buffer.compare(zstdDecompressSync(frame), data)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('takes what does not compress up to its limit, and larger data goes another way', () => {
    const data = randomFillSync(new Uint8Array(reusedZstdBytes + 1));
    for (const length of [reusedZstdBytes, reusedZstdBytes + 1]) {
      const frame = nodeCompress(data.subarray(0, length), 1);
      expect(frame.length).toBeLessThanOrEqual(compressBound(length));
      expect(Buffer.compare(zstdDecompressSync(frame), data.subarray(0, length))).toBe(0);
    }
  });

  it('is not used where node is made differently inside', () => {
    expect(reusedZstd(1, () => ({}) as ZstdCompress)).toBeUndefined();
    // One that works, but not with the level asked for.
    expect(reusedZstd(1, () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 15 } }))).toBeUndefined();
  });
});
