import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PackId } from '#libs/kernel';
import type { PackInfo } from '#libs/vault';
import { type IndexUse, type PackUse, planPrune, type PrunePlanInput } from './plan-prune.ts';
import { defaultPruneRules } from './prune-rules.ts';

const MiB = 1024 * 1024;
const aPack = (ordinal: number, kind: PackInfo['kind'], sizeBytes: number, epoch = 0): PackInfo => ({
  ...{ ordinal, kind, sizeBytes, epoch },
  packId: `b${ordinal}` as PackId,
  noncePrefix: new Uint8Array(16),
});
const use = (ordinal: number, usedShare: number, kind: 'data' | 'meta' = 'data', sizeBytes = 32 * MiB, epoch = 0): PackUse => ({
  pack: aPack(ordinal, kind, sizeBytes, epoch),
  usedBytes: Math.round(sizeBytes * usedShare),
});
const anIndex = (ordinal: number, entries: number, byPack: [number, number][] = []): IndexUse => ({
  pack: aPack(ordinal, 'index', MiB),
  entries,
  byPack: new Map(byPack),
  describes: new Set(byPack.map(([pack]) => pack)),
  records: 1,
});
const plan = (change: Partial<PrunePlanInput>) =>
  planPrune({
    packs: [],
    indexPacks: [],
    targetBytes: { data: 32 * MiB, meta: 4 * MiB },
    epoch: 0,
    ...change,
    rules: { ...defaultPruneRules, ...change.rules },
  });
const ordinals = (list: readonly { readonly pack: PackInfo }[]): number[] => list.map(({ pack }) => pack.ordinal);

describe('plan of a prune', () => {
  it('releases what nothing needs, rewrites what is half unneeded (trees: a quarter), leaves the rest', () => {
    const made = plan({
      packs: [use(0, 0), use(1, 0.4), use(2, 0.6), use(3, 0.7, 'meta', 4 * MiB), use(4, 0.8, 'meta', 4 * MiB), use(5, 1)],
      rules: { ...defaultPruneRules, maxRewriteBytes: 1000 * MiB },
    });
    expect(made.release.map(({ ordinal }) => ordinal)).toEqual([0]);
    expect(ordinals(made.rewrite)).toEqual([1, 3]);
    expect(made.rewrite[0]!.why).toBe('60 % unneeded');
    expect(made.freedBytes).toBe(32 * MiB + 32 * MiB + 4 * MiB - made.rewriteBytes);
  });

  it('copies at most what a run may, the most rewarding packs first, and always one', () => {
    const packs = Array.from({ length: 40 }, (_, n) => use(n, 0.1 + n * 0.01));
    const made = plan({ packs });
    expect(made.rewriteBytes).toBeLessThanOrEqual(128 * MiB);
    expect(ordinals(made.rewrite).slice(0, 3)).toEqual([0, 1, 2]);
    expect(ordinals(made.later)[0]).toBe(made.rewrite.length);
    expect(made.rewrite.length + made.later.length).toBe(40);
    expect(plan({ packs, rules: { ...defaultPruneRules, maxRewriteBytes: 0, maxRewriteShare: 0 } }).rewrite).toHaveLength(1);
  });

  it('puts small packs together once there are enough, and moves packs to the present key', () => {
    const small = (count: number) => Array.from({ length: count }, (_, n) => use(n, 0.9, 'data', MiB));
    expect(plan({ packs: small(11) }).rewrite).toEqual([]);
    expect(plan({ packs: small(12) }).rewrite).toHaveLength(12);
    expect(plan({ packs: [use(1, 1, 'data', 32 * MiB, 0), use(2, 1, 'data', 32 * MiB, 1)], epoch: 1 }).rewrite).toMatchObject([
      { pack: { ordinal: 1 }, why: 'sealed with a retired key' },
    ]);
  });

  it('merges small index packs once there are enough, and large ones that are mostly about packs that went', () => {
    const small = (count: number) => Array.from({ length: count }, (_, n) => anIndex(100 + n, 10));
    expect(plan({ indexPacks: small(7) }).mergeIndex).toEqual([]);
    expect(plan({ indexPacks: small(8) }).mergeIndex).toHaveLength(8);
    const large = [
      anIndex(50, 200_000, [
        [1, 90_000],
        [2, 110_000],
      ]),
      anIndex(51, 200_000, [
        [1, 110_000],
        [2, 90_000],
      ]),
    ];
    // Pack 2 lives; pack 1 is not the vault's any more.
    expect(ordinals(plan({ indexPacks: large, packs: [use(2, 1)] }).mergeIndex)).toEqual([51]);
  });

  it('never touches a pack twice, never counts more than there is, and leaves nothing to do after it was done', () => {
    const anyUse = fc.record({
      share: fc.double({ min: 0, max: 0.97, noNaN: true }),
      meta: fc.boolean(),
      size: fc.integer({ min: 1, max: 32 }),
    });
    fc.assert(
      fc.property(fc.array(anyUse, { maxLength: 60 }), (list) => {
        const packs = list.map(({ share, meta, size }, n) => use(n, share, meta ? 'meta' : 'data', size * MiB));
        const made = plan({ packs, rules: { ...defaultPruneRules, maxRewriteShare: 1 } });
        const touched = [...made.release.map((pack) => ({ pack })), ...made.rewrite, ...made.later].map(({ pack }) => pack.ordinal);
        expect(new Set(touched).size).toBe(touched.length);
        expect(made.later).toEqual([]);
        expect(made.rewriteBytes).toBeLessThanOrEqual(made.usedBytes);
        expect(made.usedBytes).toBeLessThanOrEqual(made.totalBytes);
        expect(made.release.every(({ ordinal }) => packs[ordinal]!.usedBytes === 0)).toBe(true);
        const left = packs.filter(({ pack }) => !touched.includes(pack.ordinal));
        const again = plan({ packs: left });
        expect([again.release, again.rewrite.filter(({ why }) => !why.startsWith('small'))]).toEqual([[], []]);
      }),
    );
  });
});
