import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cryptoReady, deriveVaultKeys, type Primitives, type VaultKeys } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { seededRandom } from '#libs/kernel/testing';
import { createChunkIds } from '../chunk/chunk-id.ts';
import { limits } from '../limits.ts';
import { ChunkOpener } from '../read/chunk-opener.ts';
import { openPackDirectory, type RangeReader } from '../read/open-pack.ts';
import { aVaultId, mulberry32 } from '../testing/golden-vectors.ts';
import type { WrittenPack } from './pack-builder.ts';
import { readDirectory } from './pack-directory.ts';
import { PackWriter, sealPack } from './pack-writer.ts';
import { padme } from './padme.ts';

const masterKey = new Uint8Array(32).fill(7);
const inMemory = (pack: WrittenPack): RangeReader => ({
  sizeOf: async () => pack.bytes.length,
  readRange: async (_id, offset, length) => pack.bytes.slice(offset, offset + length),
});

describe('PackWriter', () => {
  let primitives: Primitives;
  let keys: VaultKeys;
  beforeAll(async () => {
    await cryptoReady();
    primitives = nodePrimitives();
    keys = deriveVaultKeys(masterKey, 3);
  });
  const writer = (targetBytes: number, options: { seed?: number; openPacks?: number } = {}): PackWriter =>
    new PackWriter({
      primitives,
      random: seededRandom(options.seed ?? 1),
      vaultId: aVaultId,
      keys,
      epoch: 3,
      kind: 'data',
      targetBytes,
      ...options,
    });
  const fill = (target: PackWriter, sizes: readonly number[]): { packs: WrittenPack[]; plain: Map<string, Uint8Array> } => {
    const ids = createChunkIds(primitives, keys.chunkId);
    const plain = new Map<string, Uint8Array>();
    const packs: WrittenPack[] = [];
    for (const [i, size] of sizes.entries()) {
      // Half of them compress.
      const plaintext = i % 2 ? mulberry32(i, size) : new Uint8Array(size).fill(i);
      const id = ids.of('data', plaintext);
      plain.set(Buffer.from(id).toString('hex'), plaintext);
      packs.push(...target.add('data', id, plaintext));
    }
    packs.push(...target.flush());
    return { packs, plain };
  };

  it('gives packs that explain themselves and open to what went in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 40 }), fc.nat(), async (sizes, seed) => {
        const { packs, plain } = fill(writer(64 * 1024, { seed }), sizes);
        const opener = new ChunkOpener(primitives, masterKey, aVaultId);
        let chunks = 0;
        for (const pack of packs) {
          expect(pack.sizeBytes).toBe(pack.bytes.length);
          expect(pack.sizeBytes).toBeLessThanOrEqual(64 * 1024);
          expect(padme(pack.sizeBytes)).toBe(pack.sizeBytes);
          const opened = await openPackDirectory(opener, inMemory(pack), pack.packId);
          expect(opened).toMatchObject({ kind: 'data', epoch: 3, noncePrefix: pack.noncePrefix, directory: pack.directory });
          for (const entry of readDirectory(opened.directory)) {
            const sealed = pack.bytes.subarray(entry.offset, entry.offset + entry.sealedLength);
            expect(
              Buffer.compare(opener.open(opened, entry.kind, entry.id, entry, sealed), plain.get(Buffer.from(entry.id).toString('hex'))!),
            ).toBe(0);
            chunks += 1;
          }
        }
        expect(chunks).toBe(sizes.length);
      }),
      { numRuns: 25 },
    );
  });

  it('spreads consecutive chunks over two packs at random', () => {
    const { packs } = fill(
      writer(256 * 1024),
      Array.from({ length: 200 }, () => 3_001),
    );
    const first = [...readDirectory(packs[0]!.directory)].length;
    expect(first).toBeGreaterThan(10);
    expect(first).toBeLessThan(190);
  });

  it('merges small tails into one pack, and makes none of nothing', () => {
    const { packs } = fill(
      writer(256 * 1024),
      Array.from({ length: 20 }, () => 1_000),
    );
    expect(packs).toHaveLength(1);
    expect(writer(1_000).flush()).toEqual([]);
  });

  it('wastes little on padding when packs are full', () => {
    const { packs } = fill(
      writer(512 * 1024),
      Array.from({ length: 3_000 }, (_, i) => 2_000 + (i % 7) * 300),
    );
    const full = packs.slice(0, -2);
    expect(full.length).toBeGreaterThan(1);
    const stored = full.reduce(
      (sum, pack) => sum + [...readDirectory(pack.directory)].reduce((all, entry) => all + entry.sealedLength, 0),
      0,
    );
    const bytes = full.reduce((sum, pack) => sum + pack.sizeBytes, 0);
    expect(bytes / stored).toBeLessThan(1.06);
  });

  it('seals a pack at 10,000 chunks', () => {
    const { packs } = fill(
      writer(64 * 1024 * 1024, { openPacks: 1 }),
      Array.from({ length: limits.chunksPerPack + 5 }, () => 40),
    );
    expect(packs.map((pack) => [...readDirectory(pack.directory)].length)).toEqual([limits.chunksPerPack, 5]);
  });

  it('takes a chunk larger than the target alone, and refuses one over the limit', () => {
    const { packs } = fill(writer(64 * 1024), [10, 200_001, 10]);
    expect(packs.length).toBeGreaterThanOrEqual(2);
    expect(() => writer(64 * 1024).add('data', new Uint8Array(32), new Uint8Array(limits.dataChunkBytes + 1))).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    );
  });

  it('never uses a nonce twice: every pack has its own prefix, every region its own offset', () => {
    const { packs } = fill(
      writer(64 * 1024),
      Array.from({ length: 60 }, () => 9_001),
    );
    expect(new Set(packs.map((pack) => Buffer.from(pack.noncePrefix).toString('hex'))).size).toBe(packs.length);
    for (const pack of packs) {
      const offsets = [...readDirectory(pack.directory)].map((entry) => entry.offset);
      expect(new Set(offsets).size).toBe(offsets.length);
    }
  });

  it('opens under no other key, vault, kind, place or id', async () => {
    const ids = createChunkIds(primitives, keys.chunkId);
    const plaintext = mulberry32(1, 500);
    const id = ids.of('data', plaintext);
    const pack = sealPack({ primitives, random: seededRandom(1), vaultId: aVaultId, keys, epoch: 3, kind: 'data' }, [
      { kind: 'data', id, plaintext },
    ]);
    const [entry] = [...readDirectory(pack.directory)];
    const sealed = pack.bytes.subarray(entry!.offset, entry!.offset + entry!.sealedLength);
    const opener = new ChunkOpener(primitives, masterKey, aVaultId);
    expect(opener.open(pack, 'data', id, entry!, sealed)).toEqual(plaintext);
    const corrupt = expect.objectContaining({ code: 'chunk_corrupt' });
    const otherVault = 'ffffffffffffffffffffffffffffffff' as typeof aVaultId;
    expect(() => new ChunkOpener(primitives, new Uint8Array(32), aVaultId).open(pack, 'data', id, entry!, sealed)).toThrow(corrupt);
    expect(() => new ChunkOpener(primitives, masterKey, otherVault).open(pack, 'data', id, entry!, sealed)).toThrow(corrupt);
    const fresh = (): ChunkOpener => new ChunkOpener(primitives, masterKey, aVaultId);
    expect(() => fresh().open({ ...pack, kind: 'meta' }, 'data', id, entry!, sealed)).toThrow(corrupt);
    expect(() => fresh().open({ ...pack, epoch: 4 }, 'data', id, entry!, sealed)).toThrow(corrupt);
    expect(() => fresh().open(pack, 'tree', id, entry!, sealed)).toThrow(corrupt);
    expect(() => fresh().open(pack, 'data', id, { ...entry!, offset: entry!.offset + 1 }, sealed)).toThrow(corrupt);
    expect(() => fresh().open(pack, 'data', new Uint8Array(32), entry!, sealed)).toThrow(corrupt);
    expect(() => fresh().open(pack, 'data', id, { ...entry!, plainLength: 501 }, sealed)).toThrow(corrupt);
    expect(() => fresh().open(pack, 'data', id, { ...entry!, plainLength: 2 ** 31 }, sealed)).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    );
    await expect(openPackDirectory(new ChunkOpener(primitives, masterKey, otherVault), inMemory(pack), pack.packId)).rejects.toMatchObject({
      code: 'wrong_key',
    });
  });

  it('refuses a chunk that a faulty writer sealed under the id of another', () => {
    const plaintext = mulberry32(1, 500);
    const wrongId = createChunkIds(primitives, keys.chunkId).of('data', mulberry32(2, 500));
    const pack = sealPack({ primitives, random: seededRandom(1), vaultId: aVaultId, keys, epoch: 3, kind: 'data' }, [
      { kind: 'data', id: wrongId, plaintext },
    ]);
    const [entry] = [...readDirectory(pack.directory)];
    const sealed = pack.bytes.subarray(entry!.offset, entry!.offset + entry!.sealedLength);
    expect(() => new ChunkOpener(primitives, masterKey, aVaultId).open(pack, 'data', wrongId, entry!, sealed)).toThrow(
      'is not the one that its id names',
    );
  });
});
