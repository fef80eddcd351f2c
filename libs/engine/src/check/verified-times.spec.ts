import { describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { VerifiedTimesFile } from './verified-times.ts';

const folder = temporaryFolders();
const id = (n: number): PackId => `pack-${n}` as PackId;

describe('VerifiedTimesFile', () => {
  it('keeps times to the second, of the packs that are still there', async () => {
    const path = join(await folder('times'), 'verified');
    const times = await VerifiedTimesFile.open(nodeFiles, path);
    expect(times.lastMs(id(1))).toBeUndefined();
    for (let n = 0; n < 50; n += 1) times.verified(id(n), 1_700_000_000_000 + n * 1000);
    await times.save(Array.from({ length: 30 }, (_, n) => id(n)));
    const again = await VerifiedTimesFile.open(nodeFiles, path);
    expect(again.lastMs(id(7))).toBe(1_700_000_007_000);
    expect(again.lastMs(id(40))).toBeUndefined();
  });

  it('takes a damaged or cut file as none', async () => {
    const path = join(await folder('times'), 'verified');
    const times = await VerifiedTimesFile.open(nodeFiles, path);
    times.verified(id(1), 1_700_000_000_000);
    await times.save([id(1)]);
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at += 1) {
      const bad = Buffer.from(good);
      bad[at]! ^= 8;
      for (const bytes of [bad, good.subarray(0, at)]) {
        writeFileSync(path, bytes);
        expect((await VerifiedTimesFile.open(nodeFiles, path)).lastMs(id(1))).toBeUndefined();
      }
    }
  });
});
