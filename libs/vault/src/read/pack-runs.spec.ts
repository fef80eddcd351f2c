import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { limits } from '../limits.ts';
import { packRuns } from './pack-runs.ts';

const chunk = fc.record({
  ordinal: fc.integer({ min: 0, max: 3 }),
  offset: fc.integer({ min: 42, max: 40 * limits.leafBytes }),
  sealedLength: fc.integer({ min: 17, max: 2 * limits.leafBytes }),
});
const maxBytes = 4 * limits.leafBytes;

describe('packRuns', () => {
  it('has every chunk once and whole, in order, and never too much at once', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 60 }), fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }), (chunks, enough) => {
        const runs = [...packRuns(chunks, maxBytes, enough)];
        const all = runs.flatMap((run) => run.chunks);
        expect(all).toHaveLength(chunks.length);
        expect(new Set(all)).toEqual(new Set(chunks));
        for (const run of runs) {
          if (run.chunks.length > 1 && run.chunks.some((c) => c.sealedLength !== run.length))
            expect(run.length).toBeLessThanOrEqual(maxBytes);
          for (const c of run.chunks) {
            expect(c.ordinal).toBe(run.ordinal);
            expect(c.offset).toBeGreaterThanOrEqual(run.offset);
            expect(c.offset + c.sealedLength).toBeLessThanOrEqual(run.offset + run.length);
          }
        }
      }),
    );
  });

  it('ends a run that has enough with its block, and none before', () => {
    const small = Array.from({ length: 60 }, (_, n) => ({ ordinal: 0, offset: 42 + n * (limits.leafBytes / 10), sealedLength: 1000 }));
    expect([...packRuns(small, maxBytes, 15)].map(({ chunks }) => chunks.length)).toEqual([20, 20, 20]);
    expect([...packRuns(small, maxBytes)].map(({ chunks }) => chunks.length)).toEqual([40, 20]);
  });

  it('does not fetch blocks that nobody needs', () => {
    const at = (leaf: number) => ({ ordinal: 0, offset: leaf * limits.leafBytes + 100, sealedLength: 1000 });
    expect([...packRuns([at(0), at(1), at(3)], maxBytes)].map(({ offset, length }) => [offset, length])).toEqual([
      [100, limits.leafBytes + 1000],
      [3 * limits.leafBytes + 100, 1000],
    ]);
  });
});
