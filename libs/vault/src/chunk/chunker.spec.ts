import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { cryptoReady, type Primitives } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { mulberry32 } from '../testing/golden-vectors.ts';
import { createChunker, type Chunker } from './chunker.ts';
import { gearTable } from './gear.ts';
import { wasmGearScan } from './wasm-gear-scan.ts';

const small = { minBytes: 256, avgBytes: 1024, maxBytes: 4096 };
const gearKey = new Uint8Array(32).fill(3);

/** The definition, byte by byte: what the fast scan must agree with. */
function plainCuts(gear: Int32Array, { minBytes, avgBytes, maxBytes }: typeof small, data: Uint8Array): number[] {
  const mask = (bits: number): number => Number(((0xffff_ffffn << BigInt(32 - (bits - 8))) & 0xffff_ffffn) | 0xffn) | 0;
  const bits = Math.log2(avgBytes);
  const cuts: number[] = [];
  let start = 0;
  for (let i = 0; i < data.length; i += 1) {
    let h = 0;
    for (let j = 0; j < 32 && i - j >= start; j += 1) h = (h + (gear[data[i - j]!]! << j)) | 0;
    const length = i + 1 - start;
    const hit = length >= minBytes && (h & mask(length < avgBytes ? bits + 2 : bits - 2)) === 0;
    if (hit || length === maxBytes || i + 1 === data.length) {
      cuts.push(i + 1);
      start = i + 1;
    }
  }
  return cuts;
}

/** Feeds the data in pieces of these sizes, keeping only the chunk under way, at shifting places of the buffer. */
function streamedCuts(chunker: Chunker, data: Uint8Array, pieces: readonly number[]): number[] {
  const cuts: number[] = [];
  let chunkStart = 0;
  let fed = 0;
  let turn = 0;
  for (;;) {
    const shift = turn % 7;
    const buffer = new Uint8Array(shift + fed - chunkStart);
    buffer.set(data.subarray(chunkStart, fed), shift);
    const cut = chunker.nextCut(buffer, shift, buffer.length, fed === data.length);
    if (cut >= 0) {
      chunkStart += cut - shift;
      cuts.push(chunkStart);
    } else if (fed < data.length) {
      fed = Math.min(data.length, fed + Math.max(1, pieces[turn % pieces.length]!));
    } else return cuts;
    turn += 1;
  }
}

describe.each([
  ['in WebAssembly', false],
  ['in plain JavaScript', true],
])('chunker %s', (_name, portable) => {
  let primitives: Primitives;
  let chunker: Chunker;
  beforeAll(async () => {
    await cryptoReady();
    primitives = nodePrimitives();
    chunker = createChunker(primitives, gearKey, small, { portable });
  });
  const cutsOf = (data: Uint8Array, by = chunker): number[] => streamedCuts(by, data, [data.length]);

  it('cuts where the definition says, whatever the alignment', () => {
    const gear = gearTable(primitives, gearKey);
    for (const [seed, length] of [
      [1, 16_000],
      [2, 16_001],
      [3, 255],
      [4, 256],
      [5, 257],
      [6, 4096],
      [7, 4097],
      [8, 1],
    ] as const) {
      const data = mulberry32(seed, length);
      expect(cutsOf(data)).toEqual(plainCuts(gear, small, data));
    }
    const zeros = new Uint8Array(10_000);
    expect(cutsOf(zeros)).toEqual(plainCuts(gear, small, zeros));
  });

  it('cuts the same however the bytes come in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.array(fc.integer({ min: 1, max: 6_000 }), { minLength: 1, maxLength: 8 }),
        (seed, length, pieces) => {
          const data = mulberry32(seed, length);
          expect(streamedCuts(chunker, data, pieces)).toEqual(cutsOf(data));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps every chunk but the last between min and max, and covers the data', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30_000 }), (data) => {
        const cuts = cutsOf(data);
        expect(cuts.at(-1) ?? 0).toBe(data.length);
        cuts.forEach((cut, i) => {
          const length = cut - (cuts[i - 1] ?? 0);
          expect(length).toBeLessThanOrEqual(small.maxBytes);
          expect(length).toBeGreaterThanOrEqual(i === cuts.length - 1 ? 1 : small.minBytes);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('moves only the cuts near an insertion', () => {
    const data = mulberry32(11, 200_000);
    const before = new Set(cutsOf(data));
    const edited = new Uint8Array(data.length + 1);
    edited.set(data.subarray(0, 100_000));
    edited[100_000] = 0x55;
    edited.set(data.subarray(100_000), 100_001);
    const moved = cutsOf(edited).filter((cut) => !before.has(cut > 100_000 ? cut - 1 : cut));
    expect(moved.length).toBeLessThan(8);
  });

  it('averages near avg on random data, and cuts elsewhere under another key', () => {
    const data = mulberry32(12, 1_000_000);
    const cuts = cutsOf(data);
    expect(data.length / cuts.length).toBeGreaterThan(small.avgBytes * 0.8);
    expect(data.length / cuts.length).toBeLessThan(small.avgBytes * 1.6);
    const others = new Set(cutsOf(data, createChunker(primitives, new Uint8Array(32).fill(4), small, { portable })));
    expect(cuts.filter((cut) => others.has(cut)).length).toBeLessThan(cuts.length / 20);
  });

  it('asks for more bytes instead of guessing, and gives no chunk for no bytes', () => {
    const data = mulberry32(13, 300);
    expect(chunker.nextCut(data, 0, 200, false)).toBe(-1);
    expect(chunker.nextCut(data, 0, 0, true)).toBe(-1);
    expect(chunker.nextCut(data, 0, 200, true)).toBe(200);
  });

  it.each([
    { minBytes: 32, avgBytes: 1024, maxBytes: 4096 },
    { minBytes: 1024, avgBytes: 1024, maxBytes: 4096 },
    { minBytes: 256, avgBytes: 1000, maxBytes: 4096 },
    { minBytes: 256, avgBytes: 1024, maxBytes: 1024 },
    { minBytes: 256, avgBytes: 1024, maxBytes: 64 * 1024 * 1024 },
    { minBytes: 256, avgBytes: Number.NaN, maxBytes: 4096 },
  ])('refuses sizes that the format does not allow: %j', (parameters) => {
    expect(() => createChunker(primitives, gearKey, parameters)).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
  });
});

describe('the two scans', () => {
  beforeAll(() => cryptoReady());

  it('find the same cuts under any key, in the own buffer and elsewhere', () => {
    const primitives = nodePrimitives();
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 0, max: 150_000 }),
        fc.integer({ min: 0, max: 40 }),
        // Few different bytes make many places whose low byte fits and whose other bits don't.
        fc.constantFrom(0xff, 0x03, 0x11, 0x00),
        (key, seed, length, shift, mask) => {
          const data = mulberry32(seed, length).map((byte) => byte & mask);
          const fast = createChunker(primitives, key, small, { bufferBytes: 200_000 });
          const slow = createChunker(primitives, key, small, { portable: true });
          const own = fast.buffer.subarray(shift, shift + length);
          own.set(data);
          const expected = streamedCuts(slow, data, [length || 1]);
          expect(streamedCuts(fast, data, [length || 1])).toEqual(expected);
          const cuts: number[] = [];
          for (let start = 0; start < length; cuts.push(start)) start = fast.nextCut(own, start, length, true);
          expect(cuts).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('agree at the sizes that are used, over many pieces', () => {
    const parameters = { minBytes: 256 * 1024, avgBytes: 1024 * 1024, maxBytes: 4 * 1024 * 1024 };
    const data = mulberry32(20, 8_000_000);
    const [fast, slow] = [false, true].map((portable) => createChunker(nodePrimitives(), gearKey, parameters, { portable }));
    expect(streamedCuts(fast!, data, [data.length])).toEqual(streamedCuts(slow!, data, [data.length]));
  });
});

describe('the WebAssembly module', () => {
  it('is what its source compiles to, and is used here', () => {
    execFileSync(process.execPath, [join(import.meta.dirname, '../../wasm/build.mjs'), '--check'], { stdio: 'pipe' });
    expect(wasmGearScan(new Int32Array(256), 10)?.buffer).toHaveLength(10);
  });
});
