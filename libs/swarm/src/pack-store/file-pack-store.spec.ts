import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { nodeFiles } from '#libs/kernel/node';
import type { FaultPlan } from '#libs/kernel/testing';
import { Killed, faultyFiles, seededRandom } from '#libs/kernel/testing';
import { describePackStore } from '#libs/vault/testing';
import { aFolder, aPack } from '../testing/builders.ts';
import { FilePackStore } from './file-pack-store.ts';
import { LeafMemory } from './leaf-memory.ts';
import { pathOf } from './paths.ts';

// Sealing real packs byte by byte is slow inside jest.
jest.setTimeout(60_000);

const MiB = 1024 * 1024;
const small = aPack(1000, 1);
const large = aPack(2 * MiB + 3, 2);
const leafOf = (pack: typeof large, n: number): Uint8Array => pack.bytes.subarray(n * MiB, (n + 1) * MiB);

describePackStore('FilePackStore', async () => {
  const { path, remove } = await aFolder();
  return { store: await FilePackStore.open(path), dispose: remove };
});

describe('FilePackStore', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => ({ path: folder, remove } = await aFolder()));
  afterEach(() => remove());

  const everyFile = async (path = folder): Promise<string[]> =>
    (await readdir(path, { recursive: true, withFileTypes: true }))
      .filter((e) => e.isFile())
      .map((e) => e.name)
      .sort();

  it('keeps the latest of what was broken off, and not all of it for ever', async () => {
    const packs = Array.from({ length: 12 }, (_, n) => aPack(MiB + 1, 100 + n));
    const store = await FilePackStore.open(folder);
    const breakOff = async (into: FilePackStore, { packId, sizeBytes, rootBlock, bytes }: (typeof packs)[number]): Promise<void> => {
      const receiver = await into.beginReceive(packId, sizeBytes);
      await receiver.acceptRoot(rootBlock);
      await receiver.acceptLeaf(0, bytes.subarray(0, MiB));
      await receiver.close();
    };
    const left = async (): Promise<number[]> => {
      const ids = await store.incoming();
      return packs.flatMap(({ packId }, n) => (ids.includes(packId) ? [n] : []));
    };
    for (const pack of packs.slice(0, 10)) await breakOff(store, pack);
    expect(await left()).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    // Taken up again, it is the latest.
    await breakOff(store, packs[2]!);
    await breakOff(store, packs[10]!);
    expect(await left()).toEqual([2, 4, 5, 6, 7, 8, 9, 10]);
    const receiver = await store.beginReceive(packs[2]!.packId, MiB + 1);
    expect(receiver.missing()).toEqual([{ first: 1, count: 1 }]);
    await receiver.close();
    // What was left by an earlier process goes first; what is being received never does.
    const again = await FilePackStore.open(folder);
    await breakOff(again, packs[11]!);
    expect((await again.incoming()).length).toBe(8);
    expect(await again.incoming()).toContain(packs[11]!.packId);
  });

  it('keeps packs over a restart, with sizes, totals and notes', async () => {
    const store = await FilePackStore.open(folder);
    await store.put(small, { about: Uint8Array.of(1, 2, 3) });
    await store.put(large);
    await store.put(large);
    const again = await FilePackStore.open(folder);
    expect(again.totals()).toEqual({ packs: 2, bytes: 1000 + 2 * MiB + 3 });
    expect(again.list().sort((a, b) => a.sizeBytes - b.sizeBytes)).toEqual([
      { packId: small.packId, sizeBytes: 1000 },
      { packId: large.packId, sizeBytes: 2 * MiB + 3 },
    ]);
    expect(await again.about(small.packId)).toEqual(Uint8Array.of(1, 2, 3));
    expect(await again.about(large.packId)).toBeUndefined();
    expect(Buffer.from(await again.rootBlock(large.packId)).equals(large.rootBlock)).toBe(true);
    const parts: Uint8Array[] = [];
    for await (const leaf of again.leaves(large.packId, 1, 2)) parts.push(leaf);
    expect(Buffer.concat(parts).equals(large.bytes.subarray(MiB))).toBe(true);
    await again.delete(large.packId);
    await again.delete(large.packId);
    expect(again.totals()).toEqual({ packs: 1, bytes: 1000 });
    expect(await everyFile()).toEqual([`${small.packId}.about`, `${small.packId}.pack`, `${small.packId}.root`].sort());
  });

  it('tells who follows it what comes and goes', async () => {
    const store = await FilePackStore.open(folder);
    const changes: unknown[] = [];
    const stop = store.subscribe((change) => changes.push(change));
    await store.put(small);
    await store.put(small);
    await store.delete(small.packId);
    stop();
    await store.put(small);
    expect(changes).toEqual([
      { kind: 'added', packId: small.packId },
      { kind: 'deleted', packId: small.packId },
    ]);
  });

  it('takes no pack that is not what its id says', async () => {
    const store = await FilePackStore.open(folder);
    const wrong = large.bytes.slice();
    wrong[MiB + 1]! ^= 4;
    await expect(store.put({ ...large, bytes: wrong })).rejects.toMatchObject({ code: 'pack_corrupt', context: { leaf: 1 } });
    await expect(store.put({ ...large, bytes: large.bytes.subarray(1) })).rejects.toMatchObject({ code: 'pack_corrupt' });
    await expect(store.put({ ...large, rootBlock: small.rootBlock })).rejects.toMatchObject({ code: 'pack_corrupt' });
    await expect(store.put({ ...large, packId: 'bafynotapack' as never })).rejects.toMatchObject({ code: 'pack_invalid' });
    await expect(store.beginReceive(large.packId, 0)).rejects.toMatchObject({ code: 'pack_invalid' });
    await expect(store.beginReceive(large.packId, 128 * MiB + 1)).rejects.toMatchObject({ code: 'pack_invalid' });
    await expect(store.beginReceive('../../etc/passwd' as never, 5)).rejects.toMatchObject({ code: 'pack_invalid' });
    expect(await everyFile()).toEqual([]);
  });

  it('names a flipped bit in any region of any file, and a missing root', async () => {
    const store = await FilePackStore.open(folder);
    await store.put(large);
    const random = seededRandom(5);
    for (const [part, length] of [
      ['pack', large.bytes.length],
      ['root', large.rootBlock.length],
    ] as const) {
      for (let round = 0; round < 12; round += 1) {
        const at = random.int(length);
        const path = pathOf(folder, large.packId, part);
        const file = await open(path, 'r+');
        const before = new Uint8Array(1);
        await file.read(before, 0, 1, at);
        await file.write(Uint8Array.of(before[0]! ^ (1 << random.int(8))), 0, 1, at);
        expect(await store.verify(large.packId)).toEqual({ whole: false, damaged: [part === 'root' ? 'root' : Math.floor(at / MiB)] });
        await file.write(before, 0, 1, at);
        await file.close();
      }
    }
    expect(await store.verify(large.packId)).toEqual({ whole: true, damaged: [] });
    const file = await open(pathOf(folder, large.packId, 'pack'), 'r+');
    await file.truncate(2 * MiB + 1);
    await file.close();
    expect(await store.verify(large.packId)).toEqual({ whole: false, damaged: ['size', 2] });
    await rm(pathOf(folder, large.packId, 'pack'));
    expect(await store.verify(large.packId)).toEqual({ whole: false, damaged: ['size'] });
    await store.put(large, { replace: true });
    expect(await store.verify(large.packId)).toEqual({ whole: true, damaged: [] });
    await rm(pathOf(folder, large.packId, 'root'));
    expect(await store.verify(large.packId)).toEqual({ whole: false, damaged: ['root'] });
    await expect(store.verify(small.packId)).rejects.toMatchObject({ code: 'pack_not_found' });
  });

  it('heals a damaged copy in place', async () => {
    const store = await FilePackStore.open(folder);
    await store.put(large, { about: Uint8Array.of(5) });
    const path = pathOf(folder, large.packId, 'pack');
    const file = await open(path, 'r+');
    await file.truncate(MiB + 7);
    await file.close();
    const again = await FilePackStore.open(folder);
    expect(again.totals().bytes).toBe(MiB + 7);
    await again.put(large);
    expect((await again.verify(large.packId)).whole).toBe(false);
    await again.put(large, { replace: true });
    expect(await again.verify(large.packId)).toEqual({ whole: true, damaged: [] });
    expect(again.totals()).toEqual({ packs: 1, bytes: large.sizeBytes });
    expect(await again.about(large.packId)).toEqual(Uint8Array.of(5));
  });

  it('removes what crashes left, and nothing that it does not know', async () => {
    const store = await FilePackStore.open(folder);
    await store.put(small);
    const shard = join(folder, large.packId.slice(-3, -1));
    await mkdir(shard, { recursive: true });
    await writeFile(join(shard, `${large.packId}.root`), large.rootBlock);
    await writeFile(join(shard, '.tmp-0123'), 'half');
    await writeFile(join(folder, 'README'), 'mine');
    await mkdir(join(folder, 'incoming'), { recursive: true });
    await writeFile(join(folder, 'incoming', `${small.packId}.part`), 'stale');
    await FilePackStore.open(folder);
    expect(await everyFile()).toEqual(['README', `${small.packId}.pack`, `${small.packId}.root`].sort());
  });

  it('says what is wrong when asked for what is not there', async () => {
    const store = await FilePackStore.open(folder);
    await store.put(large);
    const all = async (first: number, count: number): Promise<void> => {
      for await (const _ of store.leaves(large.packId, first, count)) void _;
    };
    await expect(store.rootBlock(small.packId)).rejects.toMatchObject({ code: 'pack_not_found' });
    for (const [first, count] of [
      [0, 4],
      [3, 1],
      [-1, 1],
      [0.5, 1],
    ] as const)
      await expect(all(first, count)).rejects.toMatchObject({ code: 'pack_not_found' });
    await all(3, 0);
    expect(await store.size(small.packId)).toBeUndefined();
  });

  describe('receiving in pieces', () => {
    it('keeps verified leaves over a restart of the process, and shows nothing before the commit', async () => {
      const first = await FilePackStore.open(folder);
      const broken = await first.beginReceive(large.packId, large.sizeBytes);
      expect(broken.missing()).toEqual([{ first: 0, count: 3 }]);
      await broken.acceptRoot(large.rootBlock);
      await broken.acceptLeaf(1, leafOf(large, 1));
      await expect(broken.acceptLeaf(0, leafOf(large, 1))).rejects.toMatchObject({ code: 'pack_corrupt', context: { leaf: 0 } });
      await expect(broken.acceptLeaf(3, leafOf(large, 1))).rejects.toMatchObject({ code: 'pack_corrupt' });
      await expect(broken.commit()).rejects.toMatchObject({ code: 'pack_corrupt' });
      await expect(first.beginReceive(large.packId, large.sizeBytes)).rejects.toMatchObject({ code: 'store_failed', status: 'temporary' });
      // As good as a death of the process: close() writes nothing.
      await broken.close();

      const store = await FilePackStore.open(folder);
      expect(await store.incoming()).toEqual([large.packId]);
      const receiver = await store.beginReceive(large.packId, large.sizeBytes);
      expect(receiver.hasRoot).toBe(true);
      expect(receiver.missing()).toEqual([
        { first: 0, count: 1 },
        { first: 2, count: 1 },
      ]);
      await receiver.acceptLeaf(0, leafOf(large, 0));
      await receiver.acceptLeaf(2, leafOf(large, 2));
      expect(await store.has(large.packId)).toBe(false);
      await receiver.commit();
      expect(await store.verify(large.packId)).toEqual({ whole: true, damaged: [] });
      expect(await store.incoming()).toEqual([]);
      expect((await FilePackStore.open(folder)).totals()).toEqual({ packs: 1, bytes: large.sizeBytes });
    });

    it('writes leaves past the page cache where it can, in any order, from any memory, over a restart', async () => {
      const asked: unknown[] = [];
      const files = { ...nodeFiles, openWritable: (path: string, options?: { uncached?: boolean }) => (asked.push(options), nodeFiles.openWritable(path, options)) }; // prettier-ignore
      const pack = aPack(5 * MiB + 4096 + 3, 9);
      const memory = new LeafMemory();
      // As the fast lane brings them; every other one as libp2p does, at an odd place.
      const brought = (n: number): Uint8Array => {
        const leaf = leafOf(pack, n);
        const room = n % 2 === 0 ? memory.take() : new Uint8Array(MiB + 5).subarray(5);
        room.set(leaf);
        return room.subarray(0, leaf.length);
      };
      for (const leaves of [
        [4, 1, 5],
        [0, 3, 2],
      ]) {
        const store = await FilePackStore.open(folder, { files });
        const receiver = await store.beginReceive(pack.packId, pack.sizeBytes);
        await receiver.acceptRoot(pack.rootBlock);
        for (const n of leaves) {
          const bytes = brought(n);
          await receiver.acceptLeaf(n, bytes);
          // Whoever gave the memory has it back: what is written over it now must not reach the disk.
          bytes.fill(0xee);
          memory.give(bytes);
        }
        if (receiver.missing().length === 0) await receiver.commit();
        await receiver.close();
      }
      expect(asked).toEqual([{ uncached: true }, { uncached: true }]);
      expect(await (await FilePackStore.open(folder)).verify(pack.packId)).toEqual({ whole: true, damaged: [] });
    });

    it('a root block that the disk does not take is told with the first leaf, and nothing counts as kept', async () => {
      const files = faultyFiles(nodeFiles, { fullAt: 1 });
      const store = await FilePackStore.open(folder, { files });
      const receiver = await store.beginReceive(large.packId, large.sizeBytes);
      await receiver.acceptRoot(large.rootBlock);
      await expect(receiver.acceptLeaf(0, leafOf(large, 0))).rejects.toMatchObject({ code: 'store_full' });
      files.freeSpace();
      await expect(receiver.acceptLeaf(0, leafOf(large, 0))).rejects.toMatchObject({ code: 'store_full' });
      expect(receiver.missing()).toEqual([{ first: 0, count: 3 }]);
      await receiver.close();
      const again = await store.beginReceive(large.packId, large.sizeBytes);
      expect(again.hasRoot).toBe(false);
      await again.close();
    });

    it('does not trust what stands in the part file', async () => {
      const store = await FilePackStore.open(folder);
      const receiver = await store.beginReceive(large.packId, large.sizeBytes);
      await receiver.acceptRoot(large.rootBlock);
      for (const n of [0, 1, 2]) await receiver.acceptLeaf(n, leafOf(large, n));
      await receiver.close();
      const part = join(folder, 'incoming', `${large.packId}.part`);
      const file = await open(part, 'r+');
      await file.write(Uint8Array.of(0xff, 0xfe), 0, 2, MiB + 500);
      await file.close();
      const again = await store.beginReceive(large.packId, large.sizeBytes);
      expect(again.missing()).toEqual([{ first: 1, count: 1 }]);
      await again.discard();
      expect(await everyFile()).toEqual([]);
      // A root that was torn makes the rest worthless.
      const third = await store.beginReceive(large.packId, large.sizeBytes);
      await third.acceptRoot(large.rootBlock);
      await third.acceptLeaf(0, leafOf(large, 0));
      await third.close();
      await writeFile(join(folder, 'incoming', `${large.packId}.root`), large.rootBlock.subarray(5));
      expect((await store.beginReceive(large.packId, large.sizeBytes)).missing()).toEqual([{ first: 0, count: 3 }]);
    });

    it('refuses another size than the root says, and leaves nothing', async () => {
      const store = await FilePackStore.open(folder);
      const receiver = await store.beginReceive(large.packId, large.sizeBytes + 1);
      await expect(receiver.acceptRoot(large.rootBlock)).rejects.toMatchObject({ code: 'pack_invalid' });
      await expect(receiver.acceptLeaf(0, leafOf(large, 0))).rejects.toMatchObject({ code: 'pack_invalid' });
      await receiver.close();
      expect(await everyFile()).toEqual([]);
    });
  });

  /** What a backup and a transfer do to a store, from nothing; `kept` learns what was reported as durable. */
  async function work(store: FilePackStore, kept: Set<string>): Promise<void> {
    await store.put(small, { about: Uint8Array.of(7) });
    kept.add(small.packId);
    const receiver = await store.beginReceive(large.packId, large.sizeBytes, Uint8Array.of(8));
    try {
      await receiver.acceptRoot(large.rootBlock);
      for (const { first, count } of receiver.missing())
        for (let n = first; n < first + count; n += 1) await receiver.acceptLeaf(n, leafOf(large, n));
      await receiver.commit();
      kept.add(large.packId);
    } finally {
      await receiver.close();
    }
  }

  it('killed at any file operation, in any way: what was reported is there, whole; nothing half is shown; the next run finishes', async () => {
    const dry = faultyFiles(nodeFiles);
    await work(await FilePackStore.open(join(folder, 'dry'), { files: dry }), new Set());
    expect(dry.operations).toBeGreaterThan(15);
    for (const killHow of ['before', 'torn', 'after'] satisfies FaultPlan['killHow'][]) {
      for (let killAt = 1; killAt <= dry.operations; killAt += 1) {
        const path = join(folder, `${killHow}-${killAt}`);
        const kept = new Set<string>();
        const files = faultyFiles(nodeFiles, { killAt, killHow, seed: killAt });
        const outcome = await FilePackStore.open(path, { files })
          .then((store) => work(store, kept))
          .then(
            () => 'done',
            (error: unknown) => error,
          );
        expect(outcome).toMatchObject({ code: 'store_failed', cause: expect.any(Killed) });

        const store = await FilePackStore.open(path);
        for (const packId of kept) expect(await store.has(packId as never)).toBe(true);
        for (const { packId } of store.list()) expect(await store.verify(packId)).toEqual({ whole: true, damaged: [] });
        await work(store, kept);
        expect(await store.verify(large.packId)).toEqual({ whole: true, damaged: [] });
        expect([await store.about(small.packId), await store.about(large.packId)]).toEqual([Uint8Array.of(7), Uint8Array.of(8)]);
        await FilePackStore.open(path);
        expect(await everyFile(path)).toHaveLength(6);
        await rm(path, { recursive: true });
      }
    }
  }, 60_000);

  it('a disk that fills up at any write gives store_full, loses nothing, and goes on when there is room', async () => {
    const dry = faultyFiles(nodeFiles);
    await work(await FilePackStore.open(join(folder, 'dry'), { files: dry }), new Set());
    for (let fullAt = 1; fullAt <= dry.writes; fullAt += 1) {
      const files = faultyFiles(nodeFiles, { fullAt });
      const store = await FilePackStore.open(join(folder, String(fullAt)), { files });
      const kept = new Set<string>();
      await expect(work(store, kept)).rejects.toMatchObject({ code: 'store_full', status: 'temporary', nextStep: expect.any(String) });
      for (const packId of kept) expect(await store.verify(packId as never)).toEqual({ whole: true, damaged: [] });
      files.freeSpace();
      const open = await FilePackStore.open(join(folder, String(fullAt)));
      await work(open, kept);
      expect(open.totals().packs).toBe(2);
    }
  });
});
