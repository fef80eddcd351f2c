import { describe, expect, it } from '@jest/globals';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { nodeFiles } from '#libs/kernel/node';
import { serveHere } from '#libs/kernel/served-here';
import { faultyFiles } from '#libs/kernel/testing';
import { limits, PackBitmap } from '#libs/vault';
import { compareTrees, restore } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { vaultFixture } from '../testing/vault-fixture.ts';
import { watchedPlatform } from '../testing/watched-platform.ts';
import { backupPlace } from '../testing/backup-place.ts';

const here = backupPlace();

describe('more than a snapshot can hold', () => {
  it('of paths beside each other is refused before anything is read', async () => {
    const names = Array.from({ length: limits.rootsPerRecord }, (_, i) => join(here.source, `file ${i}`));
    for (const name of names) writeFileSync(name, 'x');
    const opened: string[] = [];
    await expect(here.run({ folders: names, platform: watchedPlatform({ onOpen: (path) => opened.push(path) }) })).rejects.toMatchObject({
      code: 'too_many_folders',
    });
    expect(opened).toEqual([]);
    const { snapshot } = await here.run({ folders: names.slice(1) });
    expect((await (await here.fixture.reader(here.vault)).reader.snapshot(snapshot.sequence)).roots).toHaveLength(names.length - 1);
  });

  it('of excludes is no reason to make none', async () => {
    writeFileSync(join(here.source, 'file'), 'x');
    const { snapshot } = await here.run({ excludes: Array.from({ length: limits.textsPerRecord + 5 }, (_, i) => `*.${i}`) });
    expect((await (await here.fixture.reader(here.vault)).reader.snapshot(snapshot.sequence)).excludes).toHaveLength(limits.textsPerRecord);
  });
});

describe('what is captured', () => {
  it('stores equal content once, hard links as links', async () => {
    const content = here.bytes(400_000);
    for (const name of ['a', 'b']) writeFileSync(join(here.source, name), content);
    linkSync(join(here.source, 'a'), join(here.source, 'c'));
    const opened: string[] = [];
    const { snapshot } = await here.run({ platform: watchedPlatform({ onOpen: (path) => opened.push(path.slice(-1)) }) });
    expect(opened).toEqual(['a', 'b']);
    expect(snapshot.stats.newPackBytes).toBeLessThan(500_000);
    await here.expectRestored();
  });

  it('names missing folders and goes on; fails when all are missing', async () => {
    writeFileSync(join(here.source, 'a'), 'a');
    const { problems, snapshot } = await here.run({ folders: [here.source, join(here.home, 'nowhere')] });
    expect(problems).toEqual([expect.objectContaining({ code: 'folder_not_found', path: join(here.home, 'nowhere') })]);
    expect(snapshot).toMatchObject({ partial: true, sequence: 1 });
    await expect(here.run({ folders: [join(here.home, 'nowhere')] })).rejects.toMatchObject({ code: 'folder_not_found' });
    await expect(here.run({ folders: [] })).rejects.toMatchObject({ code: 'no_folders' });
    expect(here.vault.head.snapshots).toHaveLength(1);
  });

  it('leaves out our own data, also when it is named', async () => {
    const own = await here.run({ folders: [here.source, here.fixture.folder] });
    expect(own.problems).toMatchObject([{ code: 'bad_argument', path: here.fixture.folder }]);
    expect(own.snapshot.partial).toBe(false);
    await expect(here.run({ folders: [here.fixture.folder] })).rejects.toMatchObject({ code: 'no_folders' });
  });

  it('looks into nothing that this process itself shows on a folder: it would wait for itself', async () => {
    mkdirSync(join(here.source, 'shown', 'latest'), { recursive: true });
    writeFileSync(join(here.source, 'notes'), '');
    const end = serveHere(join(here.source, 'shown'));
    try {
      const { snapshot, problems } = await here.run();
      expect([problems, snapshot.stats.files, snapshot.stats.directories]).toEqual([[], 1, 1]);
      const named = await here.run({ folders: [here.source, join(here.source, 'shown', 'latest')] });
      expect(named.problems).toMatchObject([{ code: 'bad_argument' }]);
    } finally {
      end();
    }
  });

  it('takes an empty folder and a single file as the folder', async () => {
    const file = join(here.home, 'single');
    writeFileSync(file, 'alone');
    const { snapshot } = await here.run({ folders: [here.source, file] });
    expect(snapshot.stats).toMatchObject({ files: 1, directories: 1 });
    await here.expectRestored();
    expect(await compareTrees(file, join(here.home, 'out', file))).toEqual([]);
    expect((await here.run({ folders: [here.source, file] })).snapshot.stats).toMatchObject({ unchangedFiles: 1, newPacks: 1 });
  });

  it('leaves out its own vault, sockets with a note, and what the rules say', async () => {
    const server = createServer().listen(join(here.source, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    writeFileSync(join(here.source, 'keep'), '');
    writeFileSync(join(here.source, 'a.tmp'), '');
    const { snapshot, notes } = await here.run({ folders: [here.home], excludes: ['*.tmp', 'packs/'] });
    server.close();
    expect(notes).toEqual([expect.objectContaining({ code: 'socket' })]);
    expect(snapshot.stats.files).toBe(1);
  });

  it('names what it needs, index packs included', async () => {
    writeFileSync(join(here.source, 'a'), here.bytes(1000));
    const first = await here.run();
    rmSync(join(here.source, 'a'));
    writeFileSync(join(here.source, 'b'), here.bytes(1000));
    const second = await here.run();
    const ordinals = (deflated: Uint8Array): number[] => [...PackBitmap.fromBytes(inflateSync(deflated)).ordinals()];
    const own = (kind: string, { newPacks }: typeof first): number[] =>
      newPacks.filter((pack) => pack.kind === kind).map(({ ordinal }) => ordinal);
    expect(ordinals(first.snapshot.neededPacks)).toEqual(first.newPacks.map(({ ordinal }) => ordinal).sort((a, b) => a - b));
    expect(ordinals(second.snapshot.neededPacks)).toEqual(
      [...own('index', first), ...second.newPacks.map(({ ordinal }) => ordinal)].sort((a, b) => a - b),
    );
    expect(second.snapshot.neededPackCount).toBe(4);
    for (const { snapshot } of [first, second]) {
      const { reader } = await here.vault.openReader();
      const walked = await reader.neededPacks(await reader.snapshot(snapshot.sequence));
      expect(
        ordinals(snapshot.neededPacks).filter(
          (ordinal) => !own('index', first).includes(ordinal) && !own('index', second).includes(ordinal),
        ),
      ).toEqual(
        [...walked.ordinals()].filter((ordinal) => !own('index', first).includes(ordinal) && !own('index', second).includes(ordinal)),
      );
    }
    const { durationMs: _, ...told } = (await here.vault.describeSnapshot(2)).stats;
    expect(second.snapshot.stats).toMatchObject({ ...told, newPacks: 3, newPackBytes: expect.any(Number) });
  });

  it('announces every pack before the head names it', async () => {
    writeFileSync(join(here.source, 'a'), here.bytes(1000));
    const { newPacks } = await here.run();
    expect(here.fixture.announced).toEqual(newPacks);
    expect(here.vault.allPacks()).toEqual(newPacks.toSorted((a, b) => a.ordinal - b.ordinal));
  });
});

describe('a run that is stopped', () => {
  it('by the signal keeps what it sealed, and the next one goes on', async () => {
    for (let i = 0; i < 300; i += 1) writeFileSync(join(here.source, `file ${i}`), here.bytes(40_000));
    const stop = new AbortController();
    let opened = 0;
    const platform = watchedPlatform({ onOpen: () => void (++opened === 200 && stop.abort()) });
    await expect(here.run({ platform, signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
    expect(here.vault.head.snapshots).toHaveLength(0);
    await here.vault.close();
    here.vault = await here.fixture.open();
    expect(here.vault.foundPacks.length).toBeGreaterThan(0);
    const { snapshot } = await here.run();
    expect(snapshot.stats.newChunks).toBeLessThanOrEqual(300 - 128);
    await here.expectRestored();
  });

  it('by a full disk says so, loses nothing, and goes on when there is room', async () => {
    writeFileSync(join(here.source, 'before'), here.bytes(100_000));
    await here.run();
    await here.vault.close();
    // More than the packs that are open and on their way take (2 MiB each), so that some are stored when it happens.
    for (let i = 0; i < 80; i += 1) writeFileSync(join(here.source, `file ${i}`), here.bytes(300_000));
    const files = faultyFiles(nodeFiles, { spaceBytes: 18_000_000 });
    here.vault = await here.fixture.open({ files, store: filePackStore(join(here.home, 'packs'), files) });
    await expect(here.run()).rejects.toMatchObject({ code: 'disk_full', status: 'temporary' });
    await expectRestoredFirst();
    files.freeSpace();
    const { snapshot } = await here.run();
    expect(snapshot.sequence).toBe(2);
    expect(snapshot.stats.newChunks).toBeLessThan(80);
    await here.expectRestored();
  });

  async function expectRestoredFirst(): Promise<void> {
    const report = await restore({ ...(await here.fixture.reader(here.vault)), to: join(here.home, 'first'), conflict: 'fail' });
    expect(report).toMatchObject({ sequence: 1, files: 1, errorCount: 0 });
  }
});

describe('the vault', () => {
  it('is opened by one at a time', async () => {
    await expect(here.fixture.open()).rejects.toMatchObject({ code: 'vault_busy', status: 'temporary' });
    await here.vault.close();
    here.vault = await here.fixture.open();
  });

  it('is not made twice and not opened where there is none', async () => {
    await here.vault.close();
    await expect(here.fixture.create()).rejects.toMatchObject({ code: 'vault_exists' });
    const other = await vaultFixture(join(here.home, 'no vault'), here.fixture.store);
    await expect(other.open()).rejects.toMatchObject({ code: 'vault_not_found' });
  });
});
