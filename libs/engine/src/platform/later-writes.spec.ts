import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { pageAligned, pageBytes } from '#libs/kernel/page-aligned';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { LaterWrites, type UncachedWay } from './later-writes.ts';

const folder = temporaryFolders();
const bytes = seededBytes(6);
let path: string;
beforeEach(async () => {
  path = join(await folder(), 'file');
});

/** Writes both pieces to a new file and says what is in it. */
async function written(way: UncachedWay | undefined, pieces: readonly (readonly [Uint8Array, number])[]): Promise<Buffer> {
  const fd = fs.openSync(path, 'w+');
  const writes = new LaterWrites(fd, Buffer.from(path), way);
  try {
    for (const [piece, position] of pieces) await writes.write(piece, position);
  } finally {
    writes.close();
    fs.closeSync(fd);
  }
  return fs.readFileSync(path);
}

const itself = (fd: number): Buffer => Buffer.from(`/proc/self/fd/${fd}`);
const flag = fs.constants.O_DIRECT;
const onLinux = process.platform === 'linux' ? it : it.skip;

describe('LaterWrites', () => {
  onLinux('goes past the page cache with whole pages, by a descriptor of its own that close() closes', async () => {
    const opened: number[] = [];
    const way = { flag, pathOf: (fd: number) => (opened.push(fd), itself(fd)) };
    const memory = pageAligned(8 * pageBytes);
    memory.set(bytes(memory.length));
    const before = fs.readdirSync('/proc/self/fd').length;
    const got = await written(way, [
      [memory.subarray(0, 4 * pageBytes + 9), 0],
      [memory.subarray(9, 8 * pageBytes), 4 * pageBytes + 9],
    ]);
    expect(got.equals(Buffer.concat([memory.subarray(0, 4 * pageBytes + 9), memory.subarray(9)]))).toBe(true);
    // The second piece does not lie in memory as it does in the file: it never came to that.
    expect(opened).toHaveLength(1);
    expect(fs.readdirSync('/proc/self/fd')).toHaveLength(before);
  });

  onLinux('says what went wrong only once nothing looks at the bytes any more', async () => {
    const memory = pageAligned(3 * pageBytes);
    // Whole pages find an open file, the ends one that is only to be read.
    fs.writeFileSync(path, Buffer.alloc(1));
    const fd = fs.openSync(path, 'r');
    const writes = new LaterWrites(fd, Buffer.from(path), { flag, pathOf: () => Buffer.from(path) });
    try {
      await expect(writes.write(memory.subarray(5, 2 * pageBytes + 9), 5)).rejects.toThrow(path);
      expect(fs.fstatSync(fd).size).toBe(2 * pageBytes);
    } finally {
      writes.close();
      fs.closeSync(fd);
    }
  });

  it.each<[string, UncachedWay | undefined]>([
    ['there is no way', undefined],
    ['the file can not be opened again', { flag, pathOf: () => Buffer.from('/nowhere/at/all') }],
    ['the system refuses since the memory is not really aligned', { flag, pathOf: itself }],
  ])('loses nothing where %s', async (_, way) => {
    // Starts a few bytes after the start of a page, which only the system can see.
    const memory = new Uint8Array(new ArrayBuffer(40 * pageBytes));
    memory.set(bytes(memory.length));
    const got = await written(way, [
      [memory.subarray(0, 20 * pageBytes + 5), 0],
      [memory.subarray(20 * pageBytes + 5), 20 * pageBytes + 5],
    ]);
    expect(got.equals(memory)).toBe(true);
  });
});
