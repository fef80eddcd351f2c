import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newMasterKey, signingKeyPairFromSeed } from '#libs/crypto';
import { utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { encodeHead } from '../head/head-codec.ts';
import { aVault, mulberry32, memoryPackStore, type TestVault } from '../testing/index.ts';
import { ChunkOpener } from './chunk-opener.ts';
import { rebuildIndex } from './rebuild-index.ts';
import type { Snapshot, VaultReader } from './vault-reader.ts';
import { VerifiedBlocks } from './verified-blocks.ts';

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
};
const names = (entries: readonly { readonly name: Uint8Array }[]): string[] => entries.map((entry) => Buffer.from(entry.name).toString());

describe('VaultReader', () => {
  const big = mulberry32(9, 300_000);
  let vault: TestVault;
  let reader: VaultReader;
  let first: Snapshot;
  let latest: Snapshot;
  beforeAll(async () => {
    vault = await aVault();
    await vault.snapshot({
      'notes.txt': utf8('hello'),
      photos: { 'a.jpg': big, 'b.jpg': big.slice(0, 5) },
      empty: new Uint8Array(0),
      locked: { '/entry': { type: 'directory', error: 'EACCES' } },
      gone: { '/entry': { size: 9, error: 'EIO' } },
    });
    await vault.snapshot({ 'notes.txt': utf8('hello again'), photos: { 'a.jpg': big } });
    reader = await vault.open();
    first = await reader.snapshot(1);
    latest = await reader.snapshot('latest');
  });
  const read = async (path: string, snapshot = first, range = {}): Promise<Buffer> =>
    Buffer.concat(await collect(reader.readFile(await reader.entry(snapshot, path), range)));

  it('lists snapshots, each naming the one before', async () => {
    expect((await collect(reader.snapshots())).map((one) => one.sequence)).toEqual([1, 2]);
    expect(latest.previous).toEqual(first.recordId);
    expect(first.previous).toBeUndefined();
    expect(reader.complete).toBe(true);
  });

  it('takes a snapshot of named paths for nothing but these', async () => {
    const apart = await aVault();
    await apart.snapshot({ 'notes.txt': utf8('1'), photos: { 'a.jpg': utf8('2') } });
    await apart.snapshot({ 'notes.txt': utf8('3'), photos: { 'a.jpg': utf8('4') } });
    await apart.snapshot({ 'a.jpg': utf8('5') }, { path: '/home/ann/photos', adHoc: true });
    await apart.snapshot({ shop: utf8('6') }, { path: '/stdin', adHoc: true });
    const mixed = await apart.open();
    const chosen = async (...paths: string[]): Promise<number> => (await mixed.latest(paths)).sequence;
    expect(await chosen()).toBe(2);
    expect(await chosen('/')).toBe(2);
    expect(await chosen('/home/ann')).toBe(2);
    expect(await chosen('/home/ann/photos/')).toBe(3);
    expect(await chosen('/home/ann/photos/a.jpg')).toBe(3);
    expect(await chosen('/home/ann/photos', '/home/ann/notes.txt')).toBe(2);
    expect(await chosen('/stdin/shop')).toBe(4);
    await apart.snapshot({ 'notes.txt': utf8('7') });
    const later = await apart.open();
    expect((await later.latest(['/home/ann/photos'])).sequence).toBe(5);
    expect((await later.latest(['/stdin/shop'])).sequence).toBe(4);
    expect((await later.latest(['/elsewhere'])).sequence).toBe(5);
    expect((await later.latest()).sequence).toBe(5);

    const only = await aVault();
    await only.snapshot({ shop: utf8('1') }, { path: '/stdin', adHoc: true });
    await only.snapshot({ shop: utf8('2') }, { path: '/stdin', adHoc: true });
    expect((await (await only.open()).latest(['/home'])).sequence).toBe(2);
  });

  it('lists folders from the top down', async () => {
    expect(names(await collect(reader.list(first, '/')))).toEqual(['home']);
    expect(names(await collect(reader.list(first, '/home')))).toEqual(['ann']);
    expect(names(await collect(reader.list(first, '/home/ann/')))).toEqual(['empty', 'gone', 'locked', 'notes.txt', 'photos']);
    expect(names(await collect(reader.list(first, [utf8('home'), utf8('ann'), utf8('photos')])))).toEqual(['a.jpg', 'b.jpg']);
    expect(await reader.entry(first, '/home')).toMatchObject({ type: 'directory' });
  });

  it('walks a whole snapshot or a part of it', async () => {
    const paths = async (path?: string): Promise<string[]> =>
      (await collect(reader.walk(latest, path))).map((one) => one.path.map((name) => Buffer.from(name).toString()).join('/'));
    expect(await paths()).toEqual(['home/ann', 'home/ann/notes.txt', 'home/ann/photos', 'home/ann/photos/a.jpg']);
    expect(await paths('/home/ann/photos')).toEqual(['home/ann/photos', 'home/ann/photos/a.jpg']);
    expect(await paths('/home/ann/notes.txt')).toEqual(['home/ann/notes.txt']);
  });

  it('reads files whole and in ranges', async () => {
    expect((await read('/home/ann/notes.txt')).toString()).toBe('hello');
    expect((await read('/home/ann/notes.txt', latest)).toString()).toBe('hello again');
    expect((await read('/home/ann/photos/a.jpg')).equals(big)).toBe(true);
    expect(await read('/home/ann/empty')).toHaveLength(0);
    for (const [offset, length] of [
      [0, 1],
      [100_001, 77_777],
      [299_999, 5],
      [300_000, 1],
      [5, 0],
    ] as const) {
      expect((await read('/home/ann/photos/a.jpg', first, { offset, length })).equals(big.subarray(offset, offset + length))).toBe(true);
    }
  });

  it('gives chunks with their places, which add up to the file', async () => {
    const chunks = await collect(reader.chunksOf(await reader.entry(first, '/home/ann/photos/a.jpg')));
    expect(chunks.length).toBeGreaterThan(20);
    let end = 0;
    for (const chunk of chunks) {
      expect(chunk.contentOffset).toBe(end);
      end += chunk.plainLength;
    }
    expect(end).toBe(big.length);
    const plain = new Map<string, Uint8Array>();
    for await (const { id, plaintext } of reader.readChunks('data', chunks)) plain.set(Buffer.from(id).toString('hex'), plaintext);
    expect(Buffer.concat(chunks.map((chunk) => plain.get(Buffer.from(chunk.id).toString('hex'))!)).equals(big)).toBe(true);
  });

  it('says what is not there, not captured, or not a folder', async () => {
    const code = async (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => 'none',
        (error: { code?: unknown }) => error.code,
      );
    expect(await code(reader.snapshot(3))).toBe('snapshot_not_found');
    expect(await code(reader.entry(first, '/home/ann/none'))).toBe('path_not_found');
    expect(await code(reader.entry(first, '/home/ann/notes.txt/x'))).toBe('path_not_found');
    expect(await code(reader.entry(first, '/var'))).toBe('path_not_found');
    expect(await code(reader.entry(first, '/home/ann/../bob'))).toBe('unsafe_name');
    expect(await code(collect(reader.list(first, '/home/ann/notes.txt')))).toBe('invalid_input');
    expect(await code(collect(reader.list(first, '/home/ann/locked')))).toBe('not_captured');
    expect(await code(read('/home/ann/gone'))).toBe('not_captured');
    expect(await code(read('/home/ann/photos'))).toBe('invalid_input');
    expect(await code(reader.readChunk('data', new Uint8Array(32)))).toBe('chunk_not_found');
  });

  it('opens for no other key, device or vault', async () => {
    await expect(vault.open({ masterKey: newMasterKey(seededRandom(5)) })).rejects.toMatchObject({ code: 'wrong_key' });
    await expect(vault.open({ expectedSigningKey: new Uint8Array(32) })).rejects.toMatchObject({ code: 'bad_signature' });
    await expect(vault.open({ headBytes: encodeHead(vault.head!, signingKeyPairFromSeed(new Uint8Array(32))) })).rejects.toMatchObject({
      code: 'bad_signature',
    });
    const other = await aVault({ seed: 2 });
    await other.snapshot({});
    await expect(vault.open({ headBytes: other.headBytes! })).rejects.toMatchObject({ code: 'bad_signature' });
    await expect(
      vault.open({ headBytes: encodeHead({ ...vault.head!, vaultId: other.header.vaultId }, vault.signingKeyPair) }),
    ).rejects.toMatchObject({ code: 'bad_head' });
  });

  it('notices an index that leaves packs out', async () => {
    const headBytes = encodeHead(
      { ...vault.head!, indexPacks: vault.head!.indexPacks.slice(1), snapshots: [{ ...vault.head!.snapshots[1]!, pack: 0 }] },
      vault.signingKeyPair,
    );
    expect((await vault.open({ headBytes })).complete).toBe(false);
  });

  it('needs for a snapshot exactly the packs that it says', async () => {
    for (const snapshot of [first, latest]) {
      const needed = await reader.neededPacks(snapshot);
      const only = (kept: (ordinal: number) => boolean) => {
        const store = memoryPackStore();
        for (const pack of reader.packs.values()) if (kept(pack.ordinal)) store.packs.set(pack.packId, vault.store.packs.get(pack.packId)!);
        return store;
      };
      const readAll = async (store: ReturnType<typeof memoryPackStore>): Promise<void> => {
        const opened = await vault.open({ sources: [store] });
        const one = await opened.snapshot(snapshot.sequence);
        for await (const { entry } of opened.walk(one)) if (entry.type === 'file' && !entry.error) await collect(opened.readFile(entry));
      };
      await readAll(only((ordinal) => needed.has(ordinal)));
      for (const missing of needed.ordinals())
        await expect(readAll(only((ordinal) => ordinal !== missing))).rejects.toMatchObject({ code: 'pack_not_found' });
    }
  });

  it('rebuilds the same index from the packs alone, and says which pack is bad', async () => {
    const opener = new ChunkOpener(vault.primitives, vault.masterKey, vault.header.vaultId);
    const blocks = new VerifiedBlocks({ primitives: vault.primitives, sources: [vault.store] });
    const all = [...reader.packs.values()];
    const rebuilt = await rebuildIndex(opener, blocks, all);
    expect(rebuilt.failed).toEqual([]);
    expect(rebuilt.records.map((record) => record.entry.id)).toEqual(vault.head!.snapshots.map((one) => one.recordId));
    expect([...rebuilt.packs.values()]).toEqual(all);
    expect(rebuilt.index.size).toBe(reader.index.size);
    for (const { id, ...location } of reader.index.entries()) expect(rebuilt.index.lookup(id)).toEqual(location);
    const again = await vault.open({ loadedIndex: rebuilt });
    expect(again.complete).toBe(true);
    expect(Buffer.concat(await collect(again.readFile(await again.entry(first, '/home/ann/photos/a.jpg')))).equals(big)).toBe(true);

    const bad = memoryPackStore();
    for (const [packId, pack] of vault.store.packs) bad.packs.set(packId, pack);
    bad.packs.set(all[0]!.packId, { ...vault.store.packs.get(all[0]!.packId)!, bytes: new Uint8Array(5) });
    const partly = await rebuildIndex(opener, new VerifiedBlocks({ primitives: vault.primitives, sources: [bad] }), all);
    expect(partly.failed).toEqual([{ packId: all[0]!.packId, error: expect.objectContaining({ code: 'block_corrupt' }) }]);
  });

  it('adds one small index pack and nothing else for an unchanged tree', async () => {
    const quiet = await aVault({ seed: 3 });
    const tree = { 'a.bin': mulberry32(1, 50_000), b: { c: utf8('d') } };
    await quiet.snapshot(tree);
    const before = new Set(quiet.store.packs.keys());
    await quiet.snapshot(tree);
    const added = [...quiet.store.packs].filter(([packId]) => !before.has(packId));
    expect(added).toHaveLength(1);
    expect(added[0]![1].bytes.length).toBeLessThan(2_048);
  });

  it('stops when told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(collect(reader.walk(first, '/', { signal }))).rejects.toThrow('enough');
  });
});

describe('sparse files', () => {
  it('read as a plain model says, whole, in ranges and as pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ gap: fc.integer({ min: 1, max: 9_000 }), length: fc.integer({ min: 1, max: 9_000 }) }), { maxLength: 6 }),
        fc.nat(5_000),
        fc.nat(60_000),
        fc.nat(60_000),
        async (stretches, tail, offset, length) => {
          const ranges: { offset: number; length: number }[] = [];
          let end = 0;
          for (const stretch of stretches) {
            ranges.push({ offset: end + stretch.gap, length: stretch.length });
            end += stretch.gap + stretch.length;
          }
          const size = end + tail + 1;
          const content = mulberry32(
            size,
            ranges.reduce((sum, range) => sum + range.length, 0),
          );
          const model = new Uint8Array(size);
          let at = 0;
          for (const range of ranges) {
            model.set(content.subarray(at, at + range.length), range.offset);
            at += range.length;
          }
          const vault = await aVault();
          await vault.snapshot({ sparse: { '/entry': { size }, '/ranges': ranges, '/content': content } });
          const reader = await vault.open();
          const entry = await reader.entry(await reader.snapshot('latest'), '/home/ann/sparse');
          expect(Buffer.concat(await collect(reader.readFile(entry))).equals(model)).toBe(true);
          expect(
            Buffer.concat(await collect(reader.readFile(entry, { offset, length }))).equals(model.subarray(offset, offset + length)),
          ).toBe(true);
          let position = 0;
          for await (const piece of reader.readPieces(entry)) {
            expect(piece.offset).toBe(position);
            position += 'hole' in piece ? piece.hole : piece.bytes.length;
          }
          expect(position).toBe(size);
          const written = (await collect(reader.readPieces(entry))).reduce(
            (sum, piece) => sum + ('hole' in piece ? 0 : piece.bytes.length),
            0,
          );
          expect(written).toBe(content.length);
        },
      ),
      { numRuns: 15 },
    );
  });
});
