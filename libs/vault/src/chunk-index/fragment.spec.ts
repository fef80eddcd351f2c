import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PackId } from '#libs/kernel';
import { packIdOf } from '../pack/pack-id.ts';
import { mulberry32 } from '../testing/golden-vectors.ts';
import { decodeOutcome, mutationsOf } from '../testing/mutations.ts';
import { ChunkIndex, type IndexedChunk } from './chunk-index.ts';
import { encodeFragments, mergeFragment } from './fragment.ts';
import { PackBitmap } from './pack-bitmap.ts';
import { type PackInfo, PackTable } from './pack-table.ts';

const packId = (n: number): PackId => packIdOf(Uint8Array.from([1, 0x70, 0x1e, 32, ...mulberry32(n, 32)]));
const aPackInfo = (ordinal: number, kind: PackInfo['kind'] = 'data'): PackInfo => ({
  ordinal,
  packId: packId(ordinal),
  sizeBytes: 100_000,
  kind,
  epoch: 1,
  noncePrefix: mulberry32(ordinal, 16),
});
const aChunk = (n: number, ordinal: number): IndexedChunk => ({
  id: mulberry32(1_000 + n, 32),
  ordinal,
  offset: 42 + n,
  sealedLength: 116,
  plainLength: 100,
});
const merge = (fragments: readonly Uint8Array[]): { packs: PackTable; index: ChunkIndex } => {
  const loaded = { packs: new PackTable(), index: new ChunkIndex() };
  for (const fragment of fragments) mergeFragment(fragment, loaded.packs, loaded.index);
  return loaded;
};

describe('index fragments', () => {
  it('bring back packs and chunks, whatever their order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(500), { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (numbers, packCount) => {
        const packs = Array.from({ length: packCount }, (_, i) => aPackInfo(i * 3, i === 0 ? 'meta' : 'data'));
        const chunks = numbers.map((n) => aChunk(n, (n % packCount) * 3));
        const loaded = merge(encodeFragments(packs, chunks));
        expect([...loaded.packs.values()]).toEqual(packs);
        expect(loaded.index.size).toBe(chunks.length);
        for (const { id, ...location } of chunks) expect(loaded.index.lookup(id)).toEqual(location);
        expect(encodeFragments([...packs].reverse(), [...chunks].reverse())).toEqual(encodeFragments(packs, chunks));
      }),
      { numRuns: 40 },
    );
  });

  it('may be empty, and leave out chunks of other packs', () => {
    expect(merge(encodeFragments([], [])).index.size).toBe(0);
    expect(encodeFragments([], [])).toHaveLength(1);
    expect(merge(encodeFragments([aPackInfo(1)], [aChunk(1, 1), aChunk(2, 9)])).index.size).toBe(1);
  });

  it('name a chunk once that is in several packs', () => {
    const twice = [aChunk(1, 1), aChunk(2, 1), { ...aChunk(1, 2), offset: 500 }];
    const { packs, index } = merge(encodeFragments([aPackInfo(1), aPackInfo(2)], twice));
    expect([packs.size, index.size]).toEqual([2, 2]);
    expect(index.lookup(aChunk(1, 1).id)).toMatchObject({ ordinal: 1, offset: aChunk(1, 1).offset });
  });

  it('are cut at a number of chunks, each with the packs that it needs', () => {
    const chunks = Array.from({ length: 21 }, (_, n) => aChunk(n, n < 20 ? 1 : 2));
    const fragments = encodeFragments([aPackInfo(1), aPackInfo(2), aPackInfo(3, 'index')], chunks, 10);
    expect(fragments).toHaveLength(3);
    const { packs, index } = merge(fragments);
    expect(index.size).toBe(21);
    expect([...packs.values()].map((pack) => pack.ordinal).sort((a, b) => a - b)).toEqual([1, 2, 3]);
    // Each stands alone: an entry of a pack that its fragment does not name would be refused.
    for (const fragment of fragments) expect(merge([fragment]).index.size).toBeGreaterThan(0);
  });

  it('let later ones win', () => {
    const [older] = encodeFragments([aPackInfo(1)], [aChunk(1, 1)]);
    const [newer] = encodeFragments([aPackInfo(2)], [{ ...aChunk(1, 2), offset: 777 }]);
    expect(merge([older!, newer!]).index.lookup(aChunk(1, 1).id)).toMatchObject({ ordinal: 2, offset: 777 });
  });

  it('leave out dead packs and what was in them', () => {
    const [fragment] = encodeFragments([aPackInfo(1), aPackInfo(9), aPackInfo(17)], [aChunk(1, 1), aChunk(2, 9), aChunk(3, 17)]);
    const dead = new PackBitmap();
    dead.set(9);
    const loaded = { packs: new PackTable(), index: new ChunkIndex() };
    mergeFragment(fragment!, loaded.packs, loaded.index, dead);
    expect([...loaded.packs.values()].map((pack) => pack.ordinal)).toEqual([1, 17]);
    expect([1, 2, 3].map((n) => loaded.index.has(aChunk(n, 0).id))).toEqual([true, false, true]);
  });

  it('fail as a whole with index_corrupt (or are another index), never otherwise', () => {
    const [fragment] = encodeFragments(
      [aPackInfo(1), aPackInfo(2, 'meta')],
      [1, 2, 3, 4].map((n) => aChunk(n, 1 + (n % 2))),
    );
    fc.assert(
      fc.property(mutationsOf(fragment!), (damaged) => {
        const packs = new PackTable();
        const index = new ChunkIndex();
        const outcome = decodeOutcome(() => mergeFragment(damaged, packs, index));
        if ('code' in outcome) {
          expect(['index_corrupt', 'unsupported_version']).toContain(outcome.code);
          expect([packs.size, index.size]).toEqual([0, 0]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['beyond its pack', { offset: 99_999 }],
    ['inside the pack header', { offset: 3 }],
    ['longer sealed than plain allows', { sealedLength: 117 }],
    ['too long for a chunk of a file', { plainLength: 2 ** 31 }],
  ])('refuse an entry %s', (_name, change) => {
    const fragments = encodeFragments([aPackInfo(1)], [{ ...aChunk(1, 1), ...change }]);
    expect(() => merge(fragments)).toThrow(expect.objectContaining({ code: 'index_corrupt' }));
  });

  it('refuse two packs under one ordinal', () => {
    const packs = new PackTable();
    packs.add(aPackInfo(1));
    packs.add(aPackInfo(1));
    expect(() => packs.add({ ...aPackInfo(1), packId: packId(9) })).toThrow(expect.objectContaining({ code: 'index_corrupt' }));
    expect(() => packs.add({ ...aPackInfo(2), packId: packId(1) })).toThrow(expect.objectContaining({ code: 'index_corrupt' }));
    packs.delete(1);
    expect([packs.get(1), packs.ordinalOf(packId(1)), packs.size]).toEqual([undefined, undefined, 0]);
  });
});

describe('PackBitmap', () => {
  it('behaves as a set of numbers, and survives its bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000)), (ordinals) => {
        const bitmap = new PackBitmap();
        for (const ordinal of ordinals) bitmap.set(ordinal);
        const expected = [...new Set(ordinals)].sort((a, b) => a - b);
        for (const one of [bitmap, PackBitmap.fromBytes(bitmap.toBytes())]) {
          expect([...one.ordinals()]).toEqual(expected);
          expect(one.count).toBe(expected.length);
          expect(expected.every((ordinal) => one.has(ordinal))).toBe(true);
          expect(one.has(6_000)).toBe(false);
        }
      }),
    );
  });

  it('puts bit n in byte n >> 3, least significant first, without trailing zeros', () => {
    const bitmap = new PackBitmap();
    for (const ordinal of [0, 3, 9]) bitmap.set(ordinal);
    expect(bitmap.toBytes()).toEqual(Uint8Array.of(0b1001, 0b10));
    expect(new PackBitmap().toBytes()).toHaveLength(0);
  });

  it.each([-1, 0.5, 2 ** 31, Number.NaN])('refuses ordinal %d', (ordinal) => {
    expect(() => new PackBitmap().set(ordinal)).toThrow(expect.objectContaining({ code: 'limit_exceeded' }));
  });
});
