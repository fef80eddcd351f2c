import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles } from '#libs/kernel/testing';
import { backup, type BackupOptions, compareTrees, type LocalVault, restore } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { makeNastyTree, seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

jest.setTimeout(120_000);
const folder = temporaryFolders();
const bytes = seededBytes(12);
let home: string;
let source: string;
let fixture: VaultFixture;
let vault: LocalVault;

beforeEach(async () => {
  home = await folder('workers');
  source = join(home, 'source');
  mkdirSync(source);
  fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
  vault = await fixture.create();
});
const run = (options: Partial<BackupOptions> = {}) =>
  backup({ vault, folders: [source], host: 'h', user: 'u', workers: 2, defaultExcludes: false, ...options });
async function expectRestored(): Promise<void> {
  const report = await restore({ ...(await fixture.reader(vault)), to: join(home, 'out'), conflict: 'fail' });
  expect(report.errors).toEqual([]);
  expect(await compareTrees(source, join(home, 'out', source))).toEqual([]);
}

describe('sealing threads', () => {
  it('give what one thread gives, each chunk stored once', async () => {
    makeNastyTree(source, 3);
    const same = bytes(5_000_000);
    for (const name of ['same 1', 'same 2']) writeFileSync(join(source, name), same);
    for (let i = 0; i < 300; i += 1) writeFileSync(join(source, `file ${i}`), bytes(3000 + (i % 7)));
    const { snapshot } = await run();
    const alone = await vaultFixture(join(home, 'alone'), filePackStore(join(home, 'other packs')));
    const other = await alone.create();
    const { snapshot: expected } = await backup({ vault: other, folders: [source], host: 'h', user: 'u', defaultExcludes: false });
    await other.close();
    const { newPacks: _p, newPackBytes: _b, durationMs: _d, ...stats } = expected.stats;
    expect(snapshot.stats).toMatchObject(stats);
    await expectRestored();
    expect((await run()).snapshot.stats).toMatchObject({ readBytes: 0, newPacks: 1 });
  });

  it('stop at the signal and keep what they sealed', async () => {
    // More batches than may wait: so some are done when the 1,200th file is reached.
    for (let i = 0; i < 1_500; i += 1) writeFileSync(join(source, `file ${i}`), bytes(10_000));
    const stop = new AbortController();
    const stopping = run({
      signal: stop.signal,
      onProgress: ({ filesDone }) => void (filesDone > 1_200 && stop.abort()),
      progressIntervalMs: 0,
    });
    await expect(stopping).rejects.toMatchObject({ code: 'interrupted' });
    const { snapshot } = await run();
    expect(snapshot.stats.newChunks).toBeLessThan(1_500);
    await expectRestored();
  });

  it('end a run with the error of the store, and the next one goes on', async () => {
    await vault.close();
    for (let i = 0; i < 100; i += 1) writeFileSync(join(source, `file ${i}`), bytes(100_000));
    const files = faultyFiles(nodeFiles, { spaceBytes: 4_000_000 });
    vault = await fixture.open({ files, store: filePackStore(join(home, 'packs'), files) });
    await expect(run()).rejects.toMatchObject({ code: 'disk_full' });
    files.freeSpace();
    await run();
    await expectRestored();
  });
});
