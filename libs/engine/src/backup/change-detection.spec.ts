import { describe, expect, it } from '@jest/globals';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { filePackStore } from '../testing/file-pack-store.ts';
import { vaultFixture } from '../testing/vault-fixture.ts';
import { watchedPlatform } from '../testing/watched-platform.ts';
import { backupPlace } from '../testing/backup-place.ts';

const here = backupPlace();

describe('change detection', () => {
  it('reads no file and adds one small pack when nothing changed', async () => {
    for (let i = 0; i < 20; i += 1) {
      mkdirSync(join(here.source, `folder ${i}`));
      for (let j = 0; j < 50; j += 1) writeFileSync(join(here.source, `folder ${i}`, `file ${j}`), `content ${i} ${j}`);
    }
    await here.run();
    const opened: string[] = [];
    const again = await here.run({ platform: watchedPlatform({ onOpen: (path) => opened.push(path) }) });
    expect(opened).toEqual([]);
    expect(again.snapshot.stats).toMatchObject({ files: 1000, unchangedFiles: 1000, readBytes: 0, newChunks: 0, newPacks: 1 });
    expect(again.newPacks.map(({ kind }) => kind)).toEqual(['index']);
    expect(again.newPacks[0]!.sizeBytes).toBeLessThan(4096);
    await here.expectRestored();
  });

  it('sees every kind of change and nothing else', async () => {
    for (const name of ['same', 'longer', 'touched', 'moved', 'replaced', 'mode']) writeFileSync(join(here.source, name), here.bytes(1000));
    await here.run();
    appendFileSync(join(here.source, 'longer'), 'x');
    utimesSync(join(here.source, 'touched'), 1, 1);
    renameSync(join(here.source, 'moved'), join(here.source, 'new name'));
    writeFileSync(join(here.source, 'other'), here.bytes(1000));
    renameSync(join(here.source, 'other'), join(here.source, 'replaced'));
    chmodSync(join(here.source, 'mode'), 0o600);
    const opened: string[] = [];
    const { snapshot } = await here.run({
      platform: watchedPlatform({ onOpen: (path) => opened.push(path.slice(here.source.length + 1)) }),
    });
    expect(opened.sort()).toEqual(['longer', 'mode', 'new name', 'replaced', 'touched']);
    expect(snapshot.stats).toMatchObject({ files: 6, unchangedFiles: 1, newFiles: 1, changedFiles: 4, newChunks: 2 });
    await here.expectRestored();
  });

  it('writes the trees that a run writes which reads everything again: folders in one chunk and split ones, with changes in between', async () => {
    const sizes = { empty: 0, one: 1, small: 300, whole: 1_500, split: 7_000 };
    // With long names ten parts and more, which is more than wait to be written.
    const file = (folder: string, i: number): string => join(here.source, folder, `file ${i}${folder === 'split' ? 'x'.repeat(230) : ''}`);
    for (const [folder, files] of Object.entries(sizes)) {
      mkdirSync(join(here.source, folder, 'm inner'), { recursive: true });
      for (let i = 0; i < files; i += 1) writeFileSync(file(folder, i), `${folder} ${i % 100}`);
    }
    symlinkSync('nowhere', join(here.source, 'small', 'file 2 link'));
    /** Of the newest snapshot. */
    const roots = async () => (await (await here.fixture.reader(here.vault)).reader.snapshot('latest')).roots;
    await here.run();
    const first = await roots();
    /** A backup, and that everything read again gives the same. */
    const again = async () => {
      const known = await here.run();
      const written = await roots();
      const read = await here.run({ readAll: true });
      expect(read.snapshot.stats).toMatchObject({ newChunks: 0, unchangedFiles: 0 });
      expect(await roots()).toEqual(written);
      return { stats: known.snapshot.stats, roots: written };
    };
    expect((await again()).roots).toEqual(first);
    for (const folder of ['small', 'whole', 'split']) {
      appendFileSync(file(folder, 150), 'x');
      rmSync(file(folder, 200));
      writeFileSync(file(folder, 20_000), 'new');
      renameSync(file(folder, 250), join(here.source, folder, 'zz'));
      linkSync(file(folder, 7), join(here.source, folder, 'file 7b'));
    }
    const changed = await again();
    expect(changed.stats).toMatchObject({ unchangedFiles: 8_801 - 3 * 4, errors: 0 });
    expect((await again()).roots).toEqual(changed.roots);
    for (let i = 0; i < 7_000; i += 1) if (i % 100 !== 0 && i !== 250) rmSync(file('split', i), { force: true });
    // The other name of file 7, which has one name by now.
    expect((await again()).stats).toMatchObject({ errors: 0, newFiles: 0, changedFiles: 1 });
    await here.expectRestored();
  });

  it.each([
    [{ readAll: true }, 1],
    [{}, 0],
  ])('%j opens %i files', async (options, count) => {
    writeFileSync(join(here.source, 'a'), 'a');
    await here.run();
    const opened: string[] = [];
    await here.run({ ...options, platform: watchedPlatform({ onOpen: (path) => opened.push(path) }) });
    expect(opened).toHaveLength(count);
  });

  it('takes a file as unchanged without its change time or inode when told so', async () => {
    writeFileSync(join(here.source, 'a'), 'a');
    utimesSync(join(here.source, 'a'), 1000, 1000);
    await here.run();
    rmSync(join(here.source, 'a'));
    writeFileSync(join(here.source, 'a'), 'a');
    utimesSync(join(here.source, 'a'), 1000, 1000);
    const opened: string[] = [];
    const platform = watchedPlatform({ onOpen: (path) => opened.push(path) });
    await here.run({ platform, ignoreCtime: true, ignoreInode: true });
    expect(opened).toEqual([]);
    await here.expectRestored();
  });

  it('reads a file again whose list of chunks can not be read here, instead of making no snapshot at all', async () => {
    await here.vault.close();
    const parameters = { chunkMinBytes: 256, chunkAvgBytes: 1024, chunkMaxBytes: 2048, metaPackBytes: 32 * 1024 };
    here.fixture = await vaultFixture(join(here.home, 'small'), filePackStore(join(here.home, 'small packs')), parameters);
    here.vault = await here.fixture.create();
    const path = join(here.source, 'large');
    writeFileSync(path, here.bytes(1_800_000));
    await here.run();
    const { reader } = await here.fixture.reader(here.vault);
    const { content } = await reader.entry(await reader.snapshot('latest'), path);
    if (!content || 'ids' in content) throw new Error('the file has no list of chunks');
    const { ordinal, offset } = reader.locate(content.chunkList)!;
    const packFile = join(here.home, 'small packs', reader.packs.get(ordinal)!.packId);
    const damaged = readFileSync(packFile);
    damaged[offset + 100]! ^= 1;
    writeFileSync(packFile, damaged);
    await here.vault.close();
    here.vault = await here.fixture.open();
    const { snapshot } = await here.run();
    expect(snapshot.stats).toMatchObject({ files: 1, unchangedFiles: 0, changedFiles: 1, newChunks: 0 });
  });

  it('reads a file again whose chunks are lost', async () => {
    writeFileSync(join(here.source, 'a'), here.bytes(1000));
    const first = await here.run();
    await here.vault.close();
    for (const pack of first.newPacks.filter(({ kind }) => kind === 'data')) await here.fixture.store.delete(pack.packId);
    // The index still says it is there; only when it no longer does, the file is read again.
    here.vault = await here.fixture.open();
    expect((await here.run({ readAll: true })).snapshot.stats.newChunks).toBe(0);
  });
});
