import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PackId } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import type { PackInfo } from '#libs/vault';
import { packsToRead } from './packs-to-read.ts';

const pack = (n: number, sizeBytes: number): PackInfo => ({
  ordinal: n,
  packId: `pack-${n}` as PackId,
  sizeBytes,
  kind: 'data',
  epoch: 0,
  noncePrefix: new Uint8Array(16),
});

describe('packsToRead', () => {
  it('comes round to every pack before it reads one again, whatever the share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 2 ** 31 }),
        (sizes, percent, seed) => {
          const packs = sizes.map((size, n) => pack(n, size));
          const read = new Map<PackId, number>();
          const times = { lastMs: (id: PackId) => read.get(id), verified: () => undefined };
          const random = seededRandom(seed);
          let round = 0;
          while (read.size < packs.length) {
            round += 1;
            const chosen = packsToRead(packs, { percent }, times, random, round);
            expect(chosen.length).toBeGreaterThan(0);
            const never = packs.length - read.size;
            // As long as there are some that were never read, only such are, but for the last that fill up.
            expect(chosen.slice(0, never).every(({ packId }) => !read.has(packId))).toBe(true);
            for (const { packId } of chosen) read.set(packId, round);
          }
          expect(round).toBeLessThanOrEqual(Math.ceil(100 / percent));
        },
      ),
    );
  });

  it('takes the oldest first, all of them when told', () => {
    const packs = [1, 2, 3, 4].map((n) => pack(n, 10));
    const last = new Map<string, number>([
      ['pack-1', 400],
      ['pack-2', 100],
      ['pack-4', 300],
    ]);
    const times = { lastMs: (id: PackId) => last.get(id), verified: () => undefined };
    expect(packsToRead(packs, 'all', times, seededRandom(1), 1_000).map(({ ordinal }) => ordinal)).toEqual([3, 2, 4, 1]);
    expect(packsToRead(packs, { bytes: 11 }, times, seededRandom(1), 1_000).map(({ ordinal }) => ordinal)).toEqual([3, 2]);
    // A clock that ran ahead when it noted the first.
    const again = packsToRead(packs, { bytes: 11 }, times, seededRandom(1), 350);
    expect(new Set(again.map(({ ordinal }) => ordinal))).toEqual(new Set([1, 3]));
    expect(packsToRead(packs, 'none', times, seededRandom(1), 1_000)).toEqual([]);
  });
});
