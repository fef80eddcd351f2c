import { describe, expect, it } from '@jest/globals';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { BlockSource } from '#libs/vault';
import { limits } from '#libs/vault';
import { compareTrees } from '../index.ts';
import { restorePlace } from '../testing/restore-place.ts';

const here = restorePlace();

describe('corruption', () => {
  /** Packs of the snapshot's file `sub/c`, as stored, with one bit flipped at `position` of the pack or its root. */
  const flippedIn = (positionOf: (size: number) => number, inRoot = false): BlockSource => {
    const flip = (block: Uint8Array, position: number): Uint8Array => {
      const copy = block.slice();
      copy[position] = copy[position]! ^ 4;
      return copy;
    };
    return {
      name: 'bad holder',
      async rootBlock(packId) {
        const root = await here.fixture.store.rootBlock(packId);
        return inRoot ? flip(root, root.length >> 1) : root;
      },
      async *leaves(packId, first, count) {
        const position = positionOf((await here.fixture.store.size(packId))!);
        let leaf = first;
        for await (const bytes of here.fixture.store.leaves(packId, first, count)) {
          const inside = Math.floor(position / limits.leafBytes) === leaf;
          yield inside && !inRoot ? flip(bytes, position % limits.leafBytes) : bytes;
          leaf += 1;
        }
      },
    };
  };
  const regions = [
    ['header', () => 3],
    ['nonce prefix', () => 30],
    ['first chunk', () => 60],
    ['a chunk in the middle', (size: number) => size >> 1],
    ['directory or padding', (size: number) => size - 100],
    ['trailer', (size: number) => size - 5],
  ] as const;

  it.each(regions)('in the %s of every pack is repaired from another holder', async (_, positionOf) => {
    const report = await here.run({ verify: true }, [flippedIn(positionOf), here.fixture.store]);
    expect(report.errors).toEqual([]);
    expect(report.corruptionsRepaired).toBeGreaterThan(0);
    expect(await compareTrees(here.source, here.at())).toEqual([]);
  });

  it('in the root block is repaired from another holder', async () => {
    const report = await here.run({}, [flippedIn(() => 0, true), here.fixture.store]);
    expect(report.errors).toEqual([]);
    expect(report.corruptionsRepaired).toBeGreaterThan(0);
    expect(await compareTrees(here.source, here.at())).toEqual([]);
  });

  it('without another holder names file, pack and holder; the other files still come', async () => {
    const { reader } = await here.fixture.reader(here.vault);
    const snapshot = await reader.snapshot('latest');
    const chunks = [];
    for await (const chunk of reader.chunksOf(await reader.entry(snapshot, join(here.source, 'sub', 'c')))) chunks.push(chunk);
    const bad = chunks[1]!;
    const { packId } = reader.packs.get(bad.ordinal)!;
    const damaged: BlockSource = {
      ...here.aHolder(),
      name: "Ada's laptop",
      async *leaves(id, first, count) {
        let leaf = first;
        for await (const bytes of here.fixture.store.leaves(id, first, count)) {
          const copy = bytes.slice();
          const position = bad.offset + 5 - leaf * limits.leafBytes;
          if (id === packId && position >= 0 && position < copy.length) copy[position]! ^= 1;
          yield copy;
          leaf += 1;
        }
      },
    };
    const report = await here.run({}, [damaged]);
    const failed = report.errors.find(({ path }) => path === here.at('sub', 'c'));
    expect(failed).toMatchObject({ code: 'block_corrupt' });
    expect(failed!.message).toContain(packId);
    expect(failed!.message).toContain("Ada's laptop");
    expect(fs.readFileSync(here.at('a.txt'), 'utf8')).toBe('the a of the snapshot');
    expect(fs.existsSync(here.at('sub', 'c'))).toBe(false);
    expect(fs.readdirSync(here.at('sub')).filter((name) => name.startsWith('.holdfast'))).toEqual([]);
  });

  it('of a pack that nobody has fails its files only', async () => {
    const { reader } = await here.fixture.reader(here.vault);
    const snapshot = await reader.snapshot('latest');
    const chunk = await reader.chunksOf(await reader.entry(snapshot, join(here.source, 'a.txt'))).next();
    const lost = reader.packs.get(chunk.value!.ordinal)!.packId;
    const without: BlockSource = {
      ...here.aHolder(),
      name: 'holder without it',
      rootBlock: (id, options) =>
        id === lost ? Promise.reject(Object.assign(new Error('gone'))) : here.fixture.store.rootBlock(id, options),
    };
    const report = await here.run({}, [without]);
    expect(report.errors.length).toBeGreaterThan(0);
    expect(report.errors.map(({ path }) => path)).toContain(here.at('a.txt'));
    expect(report.files + report.errorCount).toBe(4);
  });
});
