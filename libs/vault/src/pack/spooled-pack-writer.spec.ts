import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { cryptoReady, deriveVaultKeys, type Primitives, type VaultKeys } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import { seededRandom } from '#libs/kernel/testing';
import { createChunkIds } from '../chunk/chunk-id.ts';
import { ChunkOpener } from '../read/chunk-opener.ts';
import { openPackDirectory } from '../read/open-pack.ts';
import { aVaultId, mulberry32 } from '../testing/golden-vectors.ts';
import type { SpooledPack, WrittenPack } from './pack-builder.ts';
import { LeafPool } from './leaf-pool.ts';
import { packDag } from './pack-dag.ts';
import { readDirectory } from './pack-directory.ts';
import type { PackSpool } from './pack-spool.ts';
import { SpooledPackWriter } from './spooled-pack-writer.ts';

const masterKey = new Uint8Array(32).fill(7);
const mib = 1024 * 1024;

/** What another task of the same thread does while one waits for the disk: it compresses, into memory that is used again. */
let meanwhile = (): void => undefined;

/** A spool in memory that keeps account of how it is used. */
class MemorySpool implements PackSpool {
  bytes = new Uint8Array(0);
  state: 'open' | 'closed' | 'discarded' = 'open';
  /** Bytes are taken only this much later, so that memory that was used again too soon shows. */
  readonly #slowMs: number;
  #turn: Promise<void> = Promise.resolve();
  constructor(slowMs = 0) {
    this.#slowMs = slowMs;
  }
  write(offset: number, bytes: Uint8Array): Promise<void> {
    meanwhile();
    this.#turn = this.#turn.then(() => this.#write(offset, bytes));
    return this.#turn;
  }
  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.#slowMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#slowMs));
    expect(this.state).toBe('open');
    expect(offset).toBe(this.bytes.length);
    expect(offset % mib).toBe(0);
    const longer = new Uint8Array(offset + bytes.length);
    longer.set(this.bytes);
    longer.set(bytes, offset);
    this.bytes = longer;
  }
  async read(offset: number, length: number): Promise<Uint8Array> {
    return this.bytes.slice(offset, offset + length);
  }
  async close(): Promise<void> {
    this.state = 'closed';
  }
  async discard(): Promise<void> {
    this.state = 'discarded';
  }
}

// A machine that does other things as well is slow at it.
jest.setTimeout(60_000);

describe('SpooledPackWriter', () => {
  let primitives: Primitives;
  let keys: VaultKeys;
  beforeAll(async () => {
    await cryptoReady();
    primitives = nodePrimitives();
    const tree = new Uint8Array(100_000).fill(99);
    meanwhile = () => void primitives.compress(tree);
    keys = deriveVaultKeys(masterKey, 3);
  });

  async function fill(targetBytes: number, sizes: readonly number[], seed = 1, slowMs = 0) {
    const spools: MemorySpool[] = [];
    const newSpool = async (): Promise<MemorySpool> => {
      spools.push(new MemorySpool(slowMs));
      return spools.at(-1)!;
    };
    const writer = new SpooledPackWriter({
      primitives,
      random: seededRandom(seed),
      vaultId: aVaultId,
      keys,
      epoch: 3,
      kind: 'data',
      targetBytes,
      newSpool,
    });
    const ids = createChunkIds(primitives, keys.chunkId);
    const plain = new Map<string, Uint8Array>();
    const packs: (WrittenPack | SpooledPack<MemorySpool>)[] = [];
    for (const [i, size] of sizes.entries()) {
      // Two of three compress to some two thirds, so that now and then one of them is the first of a new pack.
      const plaintext = mulberry32(i + 1, size);
      if (i % 3) plaintext.fill(i, 0, size / 3);
      const id = ids.of('data', plaintext);
      plain.set(Buffer.from(id).toString('hex'), plaintext);
      const full = await writer.add('data', id, plaintext);
      if (full) packs.push(full);
    }
    packs.push(...(await writer.flush()));
    expect(writer.pendingChunks).toBe(0);
    return { packs, plain, spools };
  }

  async function expectWhole({ packs, plain, spools }: Awaited<ReturnType<typeof fill>>, targetBytes: number): Promise<void> {
    const opener = new ChunkOpener(primitives, masterKey, aVaultId);
    let chunks = 0;
    for (const pack of packs) {
      const bytes = 'bytes' in pack ? pack.bytes : pack.spool.bytes;
      expect(bytes.length).toBe(pack.sizeBytes);
      expect(pack.sizeBytes).toBeLessThanOrEqual(targetBytes);
      const dag = packDag(primitives, bytes);
      expect({ packId: pack.packId, rootBlock: pack.rootBlock }).toEqual({ packId: dag.packId, rootBlock: dag.rootBlock });
      const opened = await openPackDirectory(
        opener,
        { sizeOf: async () => bytes.length, readRange: async (_id, offset, length) => bytes.slice(offset, offset + length) },
        pack.packId,
      );
      expect(opened).toMatchObject({ kind: 'data', epoch: 3, noncePrefix: pack.noncePrefix, directory: pack.directory });
      for (const entry of readDirectory(opened.directory)) {
        const chunk = opener.open(opened, entry.kind, entry.id, entry, bytes.subarray(entry.offset, entry.offset + entry.sealedLength));
        expect(Buffer.compare(chunk, plain.get(Buffer.from(entry.id).toString('hex'))!)).toBe(0);
        chunks += 1;
      }
    }
    expect(chunks).toBe(plain.size);
    const used = packs.flatMap((pack) => ('spool' in pack ? [pack.spool] : []));
    for (const spool of spools) expect(spool.state).toBe(used.includes(spool) ? 'closed' : 'discarded');
  }

  it('gives whole packs, in memory or in their spool, whatever the sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 1_500_000 })), { minLength: 1, maxLength: 14 }),
        fc.nat(),
        async (sizes, seed) => expectWhole(await fill(4 * mib, sizes, seed), 4 * mib),
      ),
      { numRuns: 25 },
    );
  });

  it('keeps small packs in memory and writes large ones leaf by leaf', async () => {
    expect((await fill(32 * mib, [1000, 2000])).spools).toEqual([]);
    const large = await fill(
      4 * mib,
      Array.from({ length: 60 }, () => 300_001),
    );
    await expectWhole(large, 4 * mib);
    expect(large.packs.filter((pack) => 'spool' in pack).length).toBeGreaterThan(2);
  });

  it('merges tails that were written to spools already', async () => {
    const merged = await fill(
      32 * mib,
      Array.from({ length: 40 }, () => 300_001),
    );
    expect(merged.spools).toHaveLength(2);
    expect(merged.packs).toHaveLength(1);
    await expectWhole(merged, 32 * mib);
  });

  it('leaves large tails as they are: they would be sealed twice', async () => {
    const tails = await fill(
      8 * mib,
      Array.from({ length: 30 }, () => 300_001),
    );
    expect(tails.packs).toHaveLength(2);
    await expectWhole(tails, 8 * mib);
  });

  it('ends packs of many small chunks where they need no padding', async () => {
    const many = await fill(
      16 * mib,
      Array.from({ length: 19_000 }, () => 60),
    );
    // The first is full, the others are tails.
    const { sizeBytes, directory } = many.packs[0]!;
    const chunks = (directory.length - 4) / 45;
    expect(chunks).toBeGreaterThanOrEqual(9_000);
    expect(chunks).toBeLessThan(10_000);
    expect(sizeBytes - (42 + chunks * (60 + 16) + directory.length + 16 + 24)).toBeLessThan(60 + 16 + 45);
    expect(many.packs.reduce((sum, pack) => sum + (pack.directory.length - 4) / 45, 0)).toBe(many.plain.size);
  });

  it('waits for a disk that is slower than it, and overwrites nothing that is not written yet', async () => {
    const sizes = Array.from({ length: 30 }, (_, i) => (i % 5 === 4 ? 5_000_001 : 400_001));
    await expectWhole(await fill(16 * mib, sizes, 2, 15), 16 * mib);
  });

  it('seals chunks straight to where they are written from, across leaves, while the disk keeps up', async () => {
    const scratch = jest.spyOn(LeafPool.prototype, 'scratch');
    const sizes = Array.from({ length: 40 }, (_, i) => 700_001 + i * 17_000);
    await expectWhole(await fill(16 * mib, sizes), 16 * mib);
    expect(scratch.mock.calls.length).toBeLessThan(sizes.length / 4);
    scratch.mockRestore();
  });

  it('throws what a write under way failed with, and gives all spools back', async () => {
    const ids = createChunkIds(primitives, keys.chunkId);
    const chunks = Array.from({ length: 12 }, (_, i) => mulberry32(i + 1, 800_001)).map((plaintext) => ({
      plaintext,
      id: ids.of('data', plaintext),
    }));
    // The last one is that of the end of a pack in `flush`.
    for (const failAt of [1, 2, 3, 5, 7, 9, 10]) {
      const spools: FailingSpool[] = [];
      let writes = 0;
      class FailingSpool extends MemorySpool {
        override async write(offset: number, bytes: Uint8Array): Promise<void> {
          writes += 1;
          const failing = writes >= failAt;
          await super.write(offset, bytes);
          if (failing) throw new Error(`write ${failAt} failed`);
        }
      }
      const newSpool = async (): Promise<FailingSpool> => {
        spools.push(new FailingSpool(1));
        return spools.at(-1)!;
      };
      const common = { primitives, random: seededRandom(failAt), vaultId: aVaultId, keys, epoch: 3, kind: 'data' } as const;
      const writer = new SpooledPackWriter({ ...common, targetBytes: 4 * mib, newSpool });
      const filling = (async () => {
        for (const { id, plaintext } of chunks) await writer.add('data', id, plaintext);
        await writer.flush();
      })();
      await expect(filling).rejects.toThrow(`write ${failAt} failed`);
      await writer.discard();
      expect(spools.filter(({ state }) => state === 'open')).toEqual([]);
    }
  });

  it.each(['a spool', 'a write'] as const)('never finishes a pack of which %s failed once, though the disk is well again', async (what) => {
    const ids = createChunkIds(primitives, keys.chunkId);
    let failing = true;
    class OnceFailing extends MemorySpool {
      override async write(offset: number, bytes: Uint8Array): Promise<void> {
        if (what === 'a spool' || !failing) return super.write(offset, bytes);
        failing = false;
        throw new Error('no room just now');
      }
    }
    const newSpool = async (): Promise<MemorySpool> => {
      if (what === 'a spool' && failing) {
        failing = false;
        throw new Error('no room just now');
      }
      return new OnceFailing();
    };
    const common = { primitives, random: seededRandom(1), vaultId: aVaultId, keys, epoch: 3, kind: 'data' } as const;
    const writer = new SpooledPackWriter({ ...common, targetBytes: 8 * mib, newSpool, openPacks: 1 });
    const add = async (n: number): Promise<unknown> => {
      const plaintext = mulberry32(n, 700_001);
      return writer.add('data', ids.of('data', plaintext), plaintext);
    };
    const filling = (async () => {
      for (let n = 1; n <= 4; n += 1) await add(n);
    })();
    await filling.catch(() => undefined);
    await expect(writer.flush()).rejects.toThrow('no room just now');
    await writer.discard();
  });
});
