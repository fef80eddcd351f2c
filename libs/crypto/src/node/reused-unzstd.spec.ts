import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createZstdDecompress, zstdCompressSync, type ZstdDecompress } from 'node:zlib';
import { nodeDecompress } from './node-zstd.ts';
import { reusedUnzstd } from './reused-unzstd.ts';

describe('a zstd context used again to decompress', () => {
  it('gives back frame after frame, of any length and with damaged ones between them', () => {
    const unzstd = reusedUnzstd()!;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.integer({ min: 1, max: 600 }), fc.nat(), (part, times, damage) => {
        const data = Buffer.concat(Array.from({ length: times }, () => part));
        const frame = zstdCompressSync(data);
        const damaged = Buffer.from(frame);
        damaged[damage % frame.length]! ^= 0xff;
        try {
          expect(nodeDecompress(damaged, data.length)).toHaveLength(data.length);
        } catch (error) {
          expect(error).toMatchObject({ code: 'decompress_failed' });
        }
        const into = new Uint8Array(data.length + 5);
        for (const given of [into, undefined]) expect(Buffer.compare(nodeDecompress(frame, data.length, given), data)).toBe(0);
        into.fill(0);
        unzstd(frame, data.length, into);
        expect(Buffer.compare(into.subarray(0, data.length), data)).toBe(0);
        expect([...into.subarray(data.length)]).toEqual([0, 0, 0, 0, 0]);
      }),
      { numRuns: 200 },
    );
  });

  it('never writes beyond the length that was agreed', () => {
    const unzstd = reusedUnzstd()!;
    const into = new Uint8Array(100).fill(7);
    expect(() => unzstd(zstdCompressSync(Buffer.alloc(90, 1)), 40, into)).toThrow();
    expect([...into.subarray(40)]).toEqual(Array.from({ length: 60 }, () => 7));
  });

  it('is not used where node is made differently inside', () => {
    expect(reusedUnzstd(() => ({}) as ZstdDecompress)).toBeUndefined();
    // One that does not say when a frame is damaged.
    const silent = (): ZstdDecompress => {
      const stream = createZstdDecompress().on('error', () => undefined);
      const { _handle, _writeState } = stream as unknown as {
        _handle: { writeSync: (...args: unknown[]) => void };
        _writeState: Uint32Array;
      };
      const handle = { writeSync: (...args: unknown[]) => _handle.writeSync(...args), onerror: () => undefined };
      return { _handle: handle, _writeState } as unknown as ZstdDecompress;
    };
    expect(reusedUnzstd(silent)).toBeUndefined();
  });
});
