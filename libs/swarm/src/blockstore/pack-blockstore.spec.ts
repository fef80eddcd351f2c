import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { create as createDigest } from 'multiformats/hashes/digest';
import { packDag } from '#libs/vault';
import { hashers } from '../hashes.ts';
import { FilePackStore } from '../pack-store/file-pack-store.ts';
import { PackStores } from '../pack-store/pack-stores.ts';
import { aFolder, aPack } from '../testing/builders.ts';
import { LeafIndex } from './leaf-index.ts';
import { PackBlockstore } from './pack-blockstore.ts';

const MiB = 1024 * 1024;

describe('LeafIndex', () => {
  it('finds every leaf that was put and no other, in at most 32 bytes a leaf', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.integer({ min: 1, max: 5_000 }), (seed, count) => {
        const index = new LeafIndex();
        const digests = Array.from({ length: count }, (_, i) => hashers.blake3(Uint8Array.from(Buffer.from(`${seed} ${i}`))));
        for (const [i, digest] of digests.entries()) index.put(digest, 1 + (i >> 7), i & 127);
        for (const [i, digest] of digests.entries())
          if (JSON.stringify([...index.get(digest)]) !== JSON.stringify([{ pack: 1 + (i >> 7), leaf: i & 127 }]))
            throw new Error(`leaf ${i}`);
        expect([...index.get(new Uint8Array(32).fill(0xaa))]).toEqual([]);
        expect(index.size).toBe(count);
        expect(index.byteLength).toBeLessThanOrEqual(Math.max(16 * 1024, (count * 16 * 3 * 2) / 2));
      }),
      { numRuns: 5 },
    );
  });

  it('keeps all packs that share a leaf', () => {
    const index = new LeafIndex();
    const digest = new Uint8Array(32).fill(7);
    for (const pack of [1, 2, 9]) index.put(digest, pack, 0);
    expect([...index.get(digest)].map(({ pack }) => pack)).toEqual([1, 2, 9]);
  });
});

describe('PackBlockstore', () => {
  let own: FilePackStore;
  let held: FilePackStore;
  let blocks: PackBlockstore;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    const folder = await aFolder();
    remove = folder.remove;
    own = await FilePackStore.open(join(folder.path, 'own'));
    held = await FilePackStore.open(join(folder.path, 'held'));
    blocks = new PackBlockstore(new PackStores([own, held]));
  });
  afterEach(async () => {
    blocks.close();
    await remove();
  });

  const leafCids = (bytes: Uint8Array): CID[] =>
    packDag(hashers, bytes).leafDigests.map((digest) => CID.createV1(raw.code, createDigest(0x1e, digest.slice())));
  const read = async (cid: CID): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    for await (const part of blocks.get(cid)) parts.push(part);
    return Buffer.concat(parts);
  };

  it('has roots and leaves of all stores, and follows what comes and goes', async () => {
    const a = aPack(2 * MiB + 1, 1);
    const b = aPack(300, 2);
    await own.put(a);
    expect(await blocks.has(leafCids(a.bytes)[2]!)).toBe(true);
    await held.put(b);
    expect(await blocks.has(leafCids(b.bytes)[0]!)).toBe(true);
    expect((await read(CID.parse(b.packId))).equals(b.rootBlock)).toBe(true);
    for (const [leaf, cid] of leafCids(a.bytes).entries())
      expect((await read(cid)).equals(a.bytes.subarray(leaf * MiB, (leaf + 1) * MiB))).toBe(true);
    await own.delete(a.packId);
    expect(await blocks.has(leafCids(a.bytes)[0]!)).toBe(false);
    await expect(read(CID.parse(a.packId))).rejects.toMatchObject({ name: 'NotFoundError' });
    await held.put(a);
    expect(await blocks.has(leafCids(a.bytes)[0]!)).toBe(true);
    let all = 0;
    for await (const { cid, bytes } of blocks.getAll()) {
      for await (const block of bytes) expect((await read(cid)).equals(block)).toBe(true);
      all += 1;
    }
    expect(all).toBe(4 + 2);
  });

  it('does not know other hashes, codecs or identity blocks', async () => {
    await own.put(aPack(5));
    for (const cid of [
      CID.parse('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG'),
      CID.parse('bafkqaaa'),
      CID.createV1(0x71, createDigest(0x1e, new Uint8Array(32))),
    ]) {
      expect(await blocks.has(cid)).toBe(false);
    }
  });
});
