import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { durableFilesConformance, faultyFiles, Killed } from '#libs/kernel/testing';
import { nodeFiles } from './index.ts';

const folders: string[] = [];
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-files-'));
  folders.push(folder);
  return folder;
}
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describe('nodeFiles', () => {
  durableFilesConformance(async () => ({ files: nodeFiles, folder: await temporaryFolder() }));

  it('keeps files private to the owner', async () => {
    const folder = await temporaryFolder();
    await nodeFiles.replace(join(folder, 'sub', 'key'), new Uint8Array(1));
    await nodeFiles.append(join(folder, 'sub', 'log'), new Uint8Array(1));
    expect((await stat(join(folder, 'sub'))).mode & 0o777).toBe(0o700);
    for (const name of ['key', 'log']) expect((await stat(join(folder, 'sub', name))).mode & 0o777).toBe(0o600);
  });

  it('hides and sweeps what a crash left, and nothing else', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, '.tmp-0123'), 'half');
    await nodeFiles.replace(join(folder, 'kept'), new Uint8Array(1));
    expect(await nodeFiles.list(folder)).toEqual([{ name: 'kept', kind: 'file' }]);
    await nodeFiles.sweep(folder);
    expect(await readdir(folder)).toEqual(['kept']);
  });

  it('leaves no temporary file when the write fails', async () => {
    const folder = await temporaryFolder();
    await nodeFiles.replace(join(folder, 'folder', 'x'), new Uint8Array(1));
    await expect(nodeFiles.replace(join(folder, 'folder'), new Uint8Array(1))).rejects.toMatchObject({
      code: 'io_failed',
      context: { system: 'EISDIR' },
    });
    expect(await readdir(folder)).toEqual(['folder']);
  });

  it('says disk_full on a device that is', async () => {
    const folder = await temporaryFolder();
    await symlink('/dev/full', join(folder, 'full'));
    await expect(nodeFiles.append(join(folder, 'full'), new Uint8Array(10))).rejects.toMatchObject({
      code: 'disk_full',
      status: 'temporary',
    });
  });
});

describe('faultyFiles', () => {
  durableFilesConformance(async () => ({ files: faultyFiles(nodeFiles), folder: await temporaryFolder() }));

  it('kills once and for all, leaving the old content, and all of the new only with `after`', async () => {
    for (const killHow of ['before', 'torn', 'after'] as const) {
      const folder = await temporaryFolder();
      const files = faultyFiles(nodeFiles, { killAt: 2, killHow });
      await files.replace(join(folder, 'f'), Buffer.from('old'));
      await expect(files.replace(join(folder, 'f'), Buffer.from('new'))).rejects.toThrow(Killed);
      await expect(files.read(join(folder, 'f'))).rejects.toThrow(Killed);
      expect(Buffer.from(await nodeFiles.read(join(folder, 'f'))).toString()).toBe(killHow === 'after' ? 'new' : 'old');
      expect(await nodeFiles.list(folder)).toEqual([{ name: 'f', kind: 'file' }]);
    }
  });

  it('fills up, and has room again', async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles(nodeFiles, { spaceBytes: 10 });
    await files.replace(join(folder, 'a'), new Uint8Array(10));
    await expect(files.replace(join(folder, 'b'), new Uint8Array(1))).rejects.toMatchObject({ code: 'disk_full', status: 'temporary' });
    files.freeSpace();
    await files.replace(join(folder, 'b'), new Uint8Array(1));
  });

  it('flips exactly one bit of one read', async () => {
    const folder = await temporaryFolder();
    await nodeFiles.replace(join(folder, 'f'), new Uint8Array(100));
    const files = faultyFiles(nodeFiles, { flipReadAt: 2, seed: 7 });
    const ones = (data: Uint8Array): number => data.reduce((sum, b) => sum + b.toString(2).replaceAll('0', '').length, 0);
    const counts: number[] = [];
    for (let i = 0; i < 3; i += 1) counts.push(ones(await files.read(join(folder, 'f'))));
    expect(counts).toEqual([0, 1, 0]);
  });
});
