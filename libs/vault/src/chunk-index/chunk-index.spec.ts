import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mulberry32 } from '../testing/golden-vectors.ts';
import { ChunkIndex, type ChunkLocation } from './chunk-index.ts';

const idOf = (n: number): Uint8Array => mulberry32(n, 32);
const hex = (id: Uint8Array): string => Buffer.from(id).toString('hex');

describe('ChunkIndex', () => {
  it('behaves as a map', () => {
    const command = fc.record({
      n: fc.nat(400),
      ordinal: fc.nat(2 ** 32 - 1),
      offset: fc.nat(2 ** 27),
      length: fc.nat(2 ** 24),
      insert: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 600 }), (commands) => {
        const index = new ChunkIndex();
        const model = new Map<string, ChunkLocation>();
        for (const { n, ordinal, offset, length, insert } of commands) {
          const id = idOf(n);
          if (insert) {
            expect(index.insert(id, ordinal, offset, length + 16, length)).toBe(!model.has(hex(id)));
            model.set(hex(id), { ordinal, offset, sealedLength: length + 16, plainLength: length });
          }
          expect(index.lookup(id)).toEqual(model.get(hex(id)));
          expect(index.ordinalOf(Uint8Array.of(9, 9, ...id, 9), 2)).toBe(model.get(hex(id))?.ordinal ?? -1);
          expect(index.has(id)).toBe(model.has(hex(id)));
        }
        expect(index.size).toBe(model.size);
        expect(new Map([...index.entries()].map(({ id, ...location }) => [hex(id), location]))).toEqual(model);
      }),
      { numRuns: 30 },
    );
  });

  it('tells ids apart that begin alike, also over the end of the table', () => {
    const index = new ChunkIndex();
    for (const first of [0, 0xff]) {
      for (let n = 0; n < 200; n += 1) {
        const id = new Uint8Array(32).fill(first);
        id[31] = n;
        index.insert(id, n, first, 16, 0);
      }
    }
    for (let n = 0; n < 200; n += 1) {
      const id = new Uint8Array(32).fill(0xff);
      id[31] = n;
      expect(index.lookup(id)?.ordinal).toBe(n);
    }
    expect(index.has(new Uint8Array(32).fill(0x7f))).toBe(false);
  });

  it('takes at most 64 bytes a chunk, grown or sized beforehand', () => {
    const chunks = 300_000;
    const id = new Uint8Array(32);
    const words = new DataView(id.buffer);
    for (const index of [new ChunkIndex(), new ChunkIndex(chunks)]) {
      for (let n = 0; n < chunks; n += 1) {
        words.setUint32(0, Math.imul(n, 0x9e37_79b1) >>> 0, true);
        words.setUint32(28, n);
        index.insert(id, n, n, 16, 0);
      }
      expect(index.size).toBe(chunks);
      expect(index.byteLength / chunks).toBeLessThanOrEqual(64);
    }
  });

  it('reads ids at any alignment and refuses other lengths', () => {
    const index = new ChunkIndex();
    const buffer = new Uint8Array(64);
    buffer.set(idOf(5), 3);
    index.insert(buffer.subarray(3, 35), 1, 2, 19, 3);
    expect(index.lookup(idOf(5))).toEqual({ ordinal: 1, offset: 2, sealedLength: 19, plainLength: 3 });
    expect(() => index.lookup(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});
