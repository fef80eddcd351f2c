import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderLock, lockHolder } from './folder-lock.ts';
import { processStartMark } from './process-start-mark.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  const { pid } = child;
  await new Promise((resolve) => child.once('exit', resolve));
  return pid!;
}

describe('FolderLock', () => {
  it('is given to one at a time, and says who has it', async () => {
    const lock = await FolderLock.acquire(path, 'daemon');
    await expect(FolderLock.acquire(path, 'backup')).rejects.toMatchObject({ code: 'busy', context: { pid: process.pid, what: 'daemon' } });
    expect(await lockHolder(path)).toMatchObject({ pid: process.pid, what: 'daemon' });
    await lock.release();
    await (await FolderLock.acquire(path, 'backup')).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('of many that ask at once, one gets it', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => FolderLock.acquire(path, 'backup')));
    const got = asked.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []));
    expect(got).toHaveLength(1);
    await got[0]!.release();
  });

  it.each([
    ['a process that is gone', async () => JSON.stringify({ pid: await deadPid(), startMark: '', what: 'daemon', token: 't' })],
    [
      'a pid that another process has now',
      async () => JSON.stringify({ pid: process.pid, startMark: 'boot:1', what: 'daemon', token: 't' }),
    ],
    ['a damaged file', async () => '{"pid": 12'],
  ])('takes over from %s, even when many try', async (name, content) => {
    if (name.startsWith('a pid') && (await processStartMark(process.pid)) === '') return;
    await writeFile(path, await content());
    expect(await lockHolder(path)).toBeUndefined();
    const asked = await Promise.allSettled(Array.from({ length: 10 }, () => FolderLock.acquire(path, 'backup')));
    expect(asked.filter((a) => a.status === 'fulfilled')).toHaveLength(1);
  });

  it('a late release does not take the lock from who has it now', async () => {
    const first = await FolderLock.acquire(path, 'daemon');
    await rm(path);
    const second = await FolderLock.acquire(path, 'backup');
    await first.release();
    expect(await lockHolder(path)).toMatchObject({ what: 'backup' });
    await second.release();
  });
});
