import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../testing/seeded-random.ts';
import { nodeFiles } from './node-files.ts';
import { pageAligned, pageBytes } from './page-aligned.ts';
import { UncachedWrites } from './uncached-writes.ts';

// The disk of a machine that does other things as well may take its time.
jest.setTimeout(60_000);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-uncached-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const filled = (bytes: Uint8Array, seed: number): Uint8Array => {
  bytes.set(seededRandom(seed).bytes(bytes.length));
  return bytes;
};

describe('UncachedWrites', () => {
  it('takes whole pages from aligned memory and leaves the rest', async () => {
    const path = join(folder, 'pages');
    writeFileSync(path, '');
    const writes = await UncachedWrites.open(path);
    // On a file system without O_DIRECT there is nothing to see here.
    if (!writes) return;
    const memory = filled(pageAligned(4 * pageBytes), 1);
    const memoryAndMore = memory.subarray(0, 3 * pageBytes + 5);
    expect(await writes.write(0, memoryAndMore)).toBe(3 * pageBytes);
    expect(await writes.write(0, memory.subarray(1))).toBe(0);
    expect(await writes.write(100, memory)).toBe(0);
    await writes.close();
    expect(Buffer.compare(readFileSync(path), memory.subarray(0, 3 * pageBytes))).toBe(0);
  });

  it('is given up where the system refuses, and nothing is lost by it', async () => {
    const path = join(folder, 'refused');
    const file = await nodeFiles.openWritable(path, { uncached: true });
    // Starts a few bytes after a page's start, which only the system can see.
    const unaligned = filled(new Uint8Array(new ArrayBuffer(40 * pageBytes)), 2);
    await file.write(0, unaligned);
    const aligned = filled(pageAligned(2 * pageBytes), 3);
    await file.write(unaligned.length, aligned);
    await file.sync();
    await file.close();
    expect(Buffer.compare(readFileSync(path), Buffer.concat([unaligned, aligned]))).toBe(0);
  });

  it('and usual writes make one file, whatever the order and sizes', async () => {
    const random = seededRandom(4);
    const memory = filled(pageAligned(40 * pageBytes), 5);
    // Many rounds for the orders, a few with large pieces: a busy disk is slow by the byte.
    for (let round = 0; round < 20; round += 1) {
      const pages = round < 4 ? 20 : 6;
      const path = join(folder, `mixed ${round}`);
      const file = await nodeFiles.openWritable(path, { uncached: true });
      const expected: Buffer[] = [];
      let end = 0;
      const under: Promise<void>[] = [];
      for (let piece = 0; piece < 12; piece += 1) {
        const from = random.int(20) * pageBytes;
        const length = 1 + (random.int(2) === 0 ? random.int(pages * pageBytes) : (1 + random.int(pages)) * pageBytes - 1);
        const bytes = memory.subarray(from, from + length);
        under.push(file.write(end, bytes));
        expected.push(Buffer.from(bytes));
        end += length;
        if (piece % 4 === 3) {
          await Promise.all(under);
          const back = random.int(end);
          expect(Buffer.compare(await file.read(back, end - back), Buffer.concat(expected).subarray(back))).toBe(0);
        }
      }
      await Promise.all(under);
      await file.sync();
      await file.close();
      expect(Buffer.compare(readFileSync(path), Buffer.concat(expected))).toBe(0);
    }
  });
});
