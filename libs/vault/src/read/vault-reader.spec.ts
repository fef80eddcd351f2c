import { describe, expect, it } from '@jest/globals';
import { utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { aVault } from '../testing/index.ts';

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
};
const text = new TextDecoder();

describe('VaultReader', () => {
  it('reads back what was written: snapshots, folders, files', async () => {
    const vault = await aVault();
    const big = seededRandom(9).bytes(300_000);
    await vault.snapshot({ 'notes.txt': utf8('hello'), photos: { 'a.jpg': big, 'b.jpg': big.slice(0, 5) }, empty: new Uint8Array(0) });
    await vault.snapshot({ 'notes.txt': utf8('hello again'), photos: { 'a.jpg': big } });
    const reader = await vault.open();
    expect(reader.complete).toBe(true);
    expect((await collect(reader.snapshots())).map((s) => s.sequence)).toEqual([1, 2]);
    const first = await reader.snapshot(1);
    const latest = await reader.snapshot('latest');
    expect(latest.previous).toEqual(first.recordId);
    expect((await collect(reader.list(first, '/'))).map((e) => text.decode(e.name))).toEqual(['home']);
    expect((await collect(reader.list(first, '/home/ann'))).map((e) => text.decode(e.name))).toEqual(['empty', 'notes.txt', 'photos']);
    const entry = await reader.entry(first, '/home/ann/photos/a.jpg');
    expect(Buffer.compare(Buffer.concat(await collect(reader.readFile(entry))), big)).toBe(0);
    expect(
      Buffer.compare(
        Buffer.concat(await collect(reader.readFile(entry, { offset: 100_001, length: 77_777 }))),
        big.subarray(100_001, 177_778),
      ),
    ).toBe(0);
    expect(await collect(reader.readFile(await reader.entry(first, '/home/ann/empty')))).toEqual([]);
    expect((await collect(reader.walk(latest))).map((w) => w.path.map((n) => text.decode(n)).join('/'))).toEqual([
      'home/ann',
      'home/ann/notes.txt',
      'home/ann/photos',
      'home/ann/photos/a.jpg',
    ]);
    const needed = await reader.neededPacks(first);
    expect(needed.count).toBeGreaterThan(2);
  });
});
