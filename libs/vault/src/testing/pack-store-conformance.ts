import type { PackId } from '#libs/kernel';
import { limits } from '../limits.ts';
import type { PackStore } from '../ports.ts';
import { aPack } from './a-pack.ts';

/** What every {@link PackStore} must do. `make` gives a fresh, empty store and how to get rid of it. */
export function describePackStore(
  name: string,
  make: () => Promise<{ readonly store: PackStore; readonly dispose?: () => Promise<void> }>,
): void {
  // Taken when called, so that this folder can also be imported by a plain Node script.
  const { afterEach, beforeEach, describe, expect, it } = globalThis as unknown as typeof import('@jest/globals');
  describe(`pack store conformance: ${name}`, () => {
    let store: PackStore;
    let dispose: (() => Promise<void>) | undefined;
    beforeEach(async () => {
      ({ store, dispose } = await make());
    });
    afterEach(async () => {
      await dispose?.();
    });

    const collect = async (leaves: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> => {
      const out: Uint8Array[] = [];
      for await (const leaf of leaves) out.push(leaf.slice());
      return out;
    };
    const ids = async (): Promise<PackId[]> => {
      const out: PackId[] = [];
      for await (const packId of store.ids()) out.push(packId);
      return out.sort();
    };
    const outcome = (promise: Promise<unknown>): Promise<unknown> =>
      promise.then(
        () => 'resolved',
        (error: unknown) => (error as { code?: unknown }).code,
      );

    it('gives back what was put: root block, size, every leaf', async () => {
      for (const sizeBytes of [1_000, limits.leafBytes, limits.leafBytes * 2 + 5_000]) {
        const pack = await aPack({ plainBytes: sizeBytes });
        await store.put(pack);
        expect(await store.has(pack.packId)).toBe(true);
        expect(await store.size(pack.packId)).toBe(pack.bytes.length);
        expect(Buffer.compare(await store.rootBlock(pack.packId), pack.rootBlock)).toBe(0);
        const leaves = await collect(store.leaves(pack.packId, 0, Math.ceil(pack.bytes.length / limits.leafBytes)));
        expect(Buffer.compare(Buffer.concat(leaves), pack.bytes)).toBe(0);
        expect(leaves.slice(0, -1).every((leaf) => leaf.length === limits.leafBytes)).toBe(true);
      }
    });

    it('gives sealed bytes from anywhere, where it can, and none beyond the end', async () => {
      const pack = await aPack({ plainBytes: limits.leafBytes * 2 });
      await store.put(pack);
      if (!store.readSealed) return;
      const from = limits.leafBytes - 5;
      const into = new Uint8Array(limits.leafBytes + 10);
      expect(await store.readSealed(pack.packId, from, into)).toBe(true);
      expect(Buffer.compare(into, pack.bytes.subarray(from, from + into.length))).toBe(0);
      expect(await store.readSealed(pack.packId, pack.bytes.length - 10, new Uint8Array(11))).toBe(false);
      expect(await store.readSealed(pack.packId, pack.bytes.length - 10, new Uint8Array(10))).toBe(true);
      expect(await outcome(store.readSealed((await aPack({ seed: 2 })).packId, 0, into))).toBe('pack_not_found');
    });

    it('serves a run of leaves from the middle, and none for a count of 0', async () => {
      const pack = await aPack({ plainBytes: limits.leafBytes * 3 });
      await store.put(pack);
      const [second, third] = await collect(store.leaves(pack.packId, 1, 2));
      expect(Buffer.compare(second!, pack.bytes.subarray(limits.leafBytes, 2 * limits.leafBytes))).toBe(0);
      expect(Buffer.compare(third!, pack.bytes.subarray(2 * limits.leafBytes, 3 * limits.leafBytes))).toBe(0);
      expect(await collect(store.leaves(pack.packId, 1, 0))).toEqual([]);
    });

    it('says pack_not_found for what it has not, undefined for its size, false for has', async () => {
      const { packId } = await aPack();
      expect(await store.has(packId)).toBe(false);
      expect(await store.size(packId)).toBeUndefined();
      expect(await outcome(store.rootBlock(packId))).toBe('pack_not_found');
      expect(await outcome(collect(store.leaves(packId, 0, 1)))).toBe('pack_not_found');
    });

    it('takes the same pack twice, also at the same time', async () => {
      const pack = await aPack();
      await Promise.all([store.put(pack), store.put(pack)]);
      await store.put(pack);
      expect(await ids()).toEqual([pack.packId]);
      expect(Buffer.compare(Buffer.concat(await collect(store.leaves(pack.packId, 0, 1))), pack.bytes)).toBe(0);
    });

    it('keeps what it was given when the caller changes its buffer afterwards', async () => {
      const pack = await aPack();
      const bytes = pack.bytes.slice();
      await store.put({ ...pack, bytes });
      bytes.fill(0);
      expect(Buffer.compare(Buffer.concat(await collect(store.leaves(pack.packId, 0, 1))), pack.bytes)).toBe(0);
    });

    it('lists every id once and forgets deleted ones; deleting what is not there is no error', async () => {
      const packs = await Promise.all([1, 2, 3].map((seed) => aPack({ seed })));
      for (const pack of packs) await store.put(pack);
      expect(await ids()).toEqual(packs.map((pack) => pack.packId).sort());
      await store.delete(packs[1]!.packId);
      await store.delete(packs[1]!.packId);
      expect(await ids()).toEqual([packs[0]!.packId, packs[2]!.packId].sort());
      expect(await outcome(store.rootBlock(packs[1]!.packId))).toBe('pack_not_found');
    });

    it('adopts packs that were written to its staging folder, if it has one', async () => {
      const { staging } = store;
      if (!staging) return;
      const pack = await aPack({ plainBytes: limits.leafBytes * 2 + 5_000 });
      const { packId, kind, rootBlock, sizeBytes } = pack;
      const { mkdir, stat, writeFile } = await import('node:fs/promises');
      const write = async (name: string, bytes: Uint8Array): Promise<string> => {
        await mkdir(staging.folder, { recursive: true });
        await writeFile(`${staging.folder}/${name}`, bytes);
        return `${staging.folder}/${name}`;
      };
      expect(await ids()).toEqual([]);
      const path = await write('.tmp-one', pack.bytes);
      expect(await ids()).toEqual([]);
      await staging.adopt({ packId, kind, rootBlock, sizeBytes, path });
      expect(await ids()).toEqual([packId]);
      const leaves = await collect(store.leaves(packId, 0, Math.ceil(sizeBytes / limits.leafBytes)));
      expect(Buffer.compare(Buffer.concat(leaves), pack.bytes)).toBe(0);
      // Again: no error, and the file is gone.
      const again = await write('.tmp-two', pack.bytes);
      await staging.adopt({ packId, kind, rootBlock, sizeBytes, path: again });
      await expect(stat(again)).rejects.toThrow();
      // What a dead writer left goes; the pack stays.
      const left = await write('.tmp-three', pack.bytes.subarray(0, 100));
      await staging.sweep();
      await expect(stat(left)).rejects.toThrow();
      expect(await ids()).toEqual([packId]);
    });

    it('stops when the signal is aborted before, and is usable afterwards', async () => {
      const pack = await aPack();
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(store.put(pack, { signal })).rejects.toThrow();
      expect(await store.has(pack.packId)).toBe(false);
      await store.put(pack);
      await expect(collect(store.leaves(pack.packId, 0, 1, { signal }))).rejects.toThrow();
      expect(await collect(store.leaves(pack.packId, 0, 1))).toHaveLength(1);
    });

    it('lets a reader stop early', async () => {
      const pack = await aPack({ plainBytes: limits.leafBytes * 3 });
      await store.put(pack);
      for await (const leaf of store.leaves(pack.packId, 0, 3)) {
        expect(leaf).toHaveLength(limits.leafBytes);
        break;
      }
      await store.delete(pack.packId);
      expect(await store.has(pack.packId)).toBe(false);
    });
  });
}
