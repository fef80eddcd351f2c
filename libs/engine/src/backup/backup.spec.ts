import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { nodeFiles } from '#libs/kernel/node';
import { serveHere } from '#libs/kernel/served-here';
import { faultyFiles } from '#libs/kernel/testing';
import { limits, PackBitmap } from '#libs/vault';
import { backup, type BackupOptions, compareTrees, currentPlatform, type LocalVault, type Platform, restore } from '../index.ts';
import { factsOf } from '../platform/system-file.ts';
import { fileError } from '../platform/system-error.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';
import { changedFile } from '../testing/changed-file.ts';
import { watchedPlatform } from '../testing/watched-platform.ts';

jest.setTimeout(60_000);
const folder = temporaryFolders();
let home: string;
let source: string;
let fixture: VaultFixture;
let vault: LocalVault;
const bytes = seededBytes(3);

beforeEach(async () => {
  home = await folder();
  source = join(home, 'source');
  mkdirSync(source);
  fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
  vault = await fixture.create();
});

const run = (options: Partial<BackupOptions> = {}) => backup({ vault, folders: [source], host: 'host', user: 'user', ...options });
async function expectRestored(into = 'out', ignore: 'mtime'[] = []): Promise<void> {
  const report = await restore({ ...(await fixture.reader(vault)), to: join(home, into), conflict: 'fail' });
  expect(report.errors).toEqual([]);
  expect(await compareTrees(source, join(home, into, source), { ignore })).toEqual([]);
}

describe('change detection', () => {
  it('reads no file and adds one small pack when nothing changed', async () => {
    for (let i = 0; i < 20; i += 1) {
      mkdirSync(join(source, `folder ${i}`));
      for (let j = 0; j < 50; j += 1) writeFileSync(join(source, `folder ${i}`, `file ${j}`), `content ${i} ${j}`);
    }
    await run();
    const opened: string[] = [];
    const again = await run({ platform: watchedPlatform({ onOpen: (path) => opened.push(path) }) });
    expect(opened).toEqual([]);
    expect(again.snapshot.stats).toMatchObject({ files: 1000, unchangedFiles: 1000, readBytes: 0, newChunks: 0, newPacks: 1 });
    expect(again.newPacks.map(({ kind }) => kind)).toEqual(['index']);
    expect(again.newPacks[0]!.sizeBytes).toBeLessThan(4096);
    await expectRestored();
  });

  it('sees every kind of change and nothing else', async () => {
    for (const name of ['same', 'longer', 'touched', 'moved', 'replaced', 'mode']) writeFileSync(join(source, name), bytes(1000));
    await run();
    appendFileSync(join(source, 'longer'), 'x');
    utimesSync(join(source, 'touched'), 1, 1);
    renameSync(join(source, 'moved'), join(source, 'new name'));
    writeFileSync(join(source, 'other'), bytes(1000));
    renameSync(join(source, 'other'), join(source, 'replaced'));
    chmodSync(join(source, 'mode'), 0o600);
    const opened: string[] = [];
    const { snapshot } = await run({ platform: watchedPlatform({ onOpen: (path) => opened.push(path.slice(source.length + 1)) }) });
    expect(opened.sort()).toEqual(['longer', 'mode', 'new name', 'replaced', 'touched']);
    expect(snapshot.stats).toMatchObject({ files: 6, unchangedFiles: 1, newFiles: 1, changedFiles: 4, newChunks: 2 });
    await expectRestored();
  });

  it.each([
    [{ readAll: true }, 1],
    [{}, 0],
  ])('%j opens %i files', async (options, count) => {
    writeFileSync(join(source, 'a'), 'a');
    await run();
    const opened: string[] = [];
    await run({ ...options, platform: watchedPlatform({ onOpen: (path) => opened.push(path) }) });
    expect(opened).toHaveLength(count);
  });

  it('takes a file as unchanged without its change time or inode when told so', async () => {
    writeFileSync(join(source, 'a'), 'a');
    utimesSync(join(source, 'a'), 1000, 1000);
    await run();
    rmSync(join(source, 'a'));
    writeFileSync(join(source, 'a'), 'a');
    utimesSync(join(source, 'a'), 1000, 1000);
    const opened: string[] = [];
    const platform = watchedPlatform({ onOpen: (path) => opened.push(path) });
    await run({ platform, ignoreCtime: true, ignoreInode: true });
    expect(opened).toEqual([]);
    await expectRestored();
  });

  it('reads a file again whose list of chunks can not be read here, instead of making no snapshot at all', async () => {
    await vault.close();
    const parameters = { chunkMinBytes: 256, chunkAvgBytes: 1024, chunkMaxBytes: 2048, metaPackBytes: 32 * 1024 };
    fixture = await vaultFixture(join(home, 'small'), filePackStore(join(home, 'small packs')), parameters);
    vault = await fixture.create();
    const path = join(source, 'large');
    writeFileSync(path, bytes(1_800_000));
    await run();
    const { reader } = await fixture.reader(vault);
    const { content } = await reader.entry(await reader.snapshot('latest'), path);
    if (!content || 'ids' in content) throw new Error('the file has no list of chunks');
    const { ordinal, offset } = reader.locate(content.chunkList)!;
    const packFile = join(home, 'small packs', reader.packs.get(ordinal)!.packId);
    const damaged = readFileSync(packFile);
    damaged[offset + 100]! ^= 1;
    writeFileSync(packFile, damaged);
    await vault.close();
    vault = await fixture.open();
    const { snapshot } = await run();
    expect(snapshot.stats).toMatchObject({ files: 1, unchangedFiles: 0, changedFiles: 1, newChunks: 0 });
  });

  it('reads a file again whose chunks are lost', async () => {
    writeFileSync(join(source, 'a'), bytes(1000));
    const first = await run();
    await vault.close();
    for (const pack of first.newPacks.filter(({ kind }) => kind === 'data')) await fixture.store.delete(pack.packId);
    // The index still says it is there; only when it no longer does, the file is read again.
    vault = await fixture.open();
    expect((await run({ readAll: true })).snapshot.stats.newChunks).toBe(0);
  });
});

/** The real platform with other extended attributes, of what is open too. */
function withAttributes(extendedAttributes: Platform['extendedAttributes']): Platform {
  const real = currentPlatform();
  return {
    ...real,
    extendedAttributes,
    openToRead: (path) => changedFile(real.openToRead(path), { extendedAttributes: () => extendedAttributes(path) }),
  };
}

describe('what only some file systems say', () => {
  it('are times that no snapshot can hold: the folder restores all the same, with the nearest', async () => {
    writeFileSync(join(source, 'neighbour'), 'is in the same list of names');
    writeFileSync(join(source, 'late'), 'x');
    symlinkSync('nowhere', join(source, 'never'));
    // 2381; and 1601, which is what network shares and NTFS say instead of nothing.
    utimesSync(join(source, 'late'), 13_000_000_000, 13_000_000_000);
    const latest = 2n ** 63n - 1n;
    const { mtimeNs } = lstatSync(join(source, 'late'), { bigint: true });
    const platform: Platform = {
      ...currentPlatform(),
      facts: (path) => {
        const stat = lstatSync(path, { bigint: true });
        if (path.toString().endsWith('never')) Object.assign(stat, { mtimeNs: -11_644_473_600n * 10n ** 9n, ino: -5n });
        return factsOf(stat);
      },
    };
    await run({ platform });
    const { reader } = await fixture.reader(vault);
    const entries = await Array.fromAsync(reader.list(await reader.snapshot('latest'), source));
    expect(entries.map(({ name }) => Buffer.from(name).toString())).toEqual(['late', 'neighbour', 'never']);
    expect(entries[0]).toMatchObject({ mtimeNs: mtimeNs > latest ? latest : mtimeNs });
    expect(entries[2]).toMatchObject({ mtimeNs: -(2n ** 63n), inode: 2n ** 64n - 5n });
    const report = await restore({ ...(await fixture.reader(vault)), to: join(home, 'out'), conflict: 'fail' });
    expect(report).toMatchObject({ files: 2, others: 1, errors: [] });
    // The same with the system's own facts: nothing of it counts as changed.
    expect((await run()).snapshot.stats).toMatchObject({ unchangedFiles: 2 });
  });

  it.each(['a file', 'a folder'])(
    'are attributes of %s that may be listed and not read: a problem to report, and no reason to leave it out',
    async (what) => {
      mkdirSync(join(source, 'folder'));
      writeFileSync(join(source, 'folder', 'file'), 'content');
      const path = what === 'a file' ? join(source, 'folder', 'file') : join(source, 'folder');
      const real = currentPlatform();
      const platform = withAttributes((asked) => {
        if (asked.toString() === path) throw fileError('EACCES', asked);
        return real.extendedAttributes(asked);
      });
      const { snapshot, problems } = await run({ platform });
      expect(problems).toEqual([expect.objectContaining({ path, code: 'access_denied' })]);
      expect(snapshot.stats).toMatchObject({ files: 1, errors: 1 });
      await expectRestored();
    },
  );

  it('are attributes that are too large for a snapshot: the others are kept', async () => {
    writeFileSync(join(source, 'file'), 'content');
    const real = currentPlatform();
    const small = { name: Buffer.from('user.small'), value: Buffer.from('kept') };
    const large = { name: Buffer.from('user.fork'), value: Buffer.alloc(limits.xattrValueBytes + 1) };
    const many = Array.from({ length: limits.xattrsPerEntry }, (_, i) => ({ name: Buffer.from(`user.${i}`), value: Buffer.alloc(3_000) }));
    const platform = withAttributes((path) => (path.toString().endsWith('file') ? [small, large, ...many] : real.extendedAttributes(path)));
    const { problems } = await run({ platform });
    expect(problems).toEqual([expect.objectContaining({ path: join(source, 'file'), code: 'unsupported' })]);
    const { reader } = await fixture.reader(vault);
    const { xattrs = [] } = await reader.entry(await reader.snapshot('latest'), join(source, 'file'));
    expect(xattrs.some(({ name }) => Buffer.from(name).toString() === 'user.small')).toBe(true);
    expect(xattrs.length).toBeGreaterThan(500);
  });
});

describe('a file with several names', () => {
  it('is captured under those that are left when the one that was read first is gone by then', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      if (name === 'a') writeFileSync(join(source, name), bytes(5_000));
      else linkSync(join(source, 'a'), join(source, name));
    }
    const onOpen = (path: string): void => {
      if (path === join(source, 'a') || path === join(source, 'b')) rmSync(path);
    };
    const { snapshot, notes, problems } = await run({ platform: watchedPlatform({ onOpen }) });
    expect(notes.map(({ code, path }) => [code, path])).toEqual([
      ['vanished', join(source, 'a')],
      ['vanished', join(source, 'b')],
    ]);
    expect({ problems, files: snapshot.stats.files }).toEqual({ problems: [], files: 2 });
    // The folder's own time is that of before the names went.
    await expectRestored('out', ['mtime']);
  });
});

describe('more than a snapshot can hold', () => {
  it('of paths beside each other is refused before anything is read', async () => {
    const names = Array.from({ length: limits.rootsPerRecord }, (_, i) => join(source, `file ${i}`));
    for (const name of names) writeFileSync(name, 'x');
    const opened: string[] = [];
    await expect(run({ folders: names, platform: watchedPlatform({ onOpen: (path) => opened.push(path) }) })).rejects.toMatchObject({
      code: 'too_many_folders',
    });
    expect(opened).toEqual([]);
    const { snapshot } = await run({ folders: names.slice(1) });
    expect((await (await fixture.reader(vault)).reader.snapshot(snapshot.sequence)).roots).toHaveLength(names.length - 1);
  });

  it('of excludes is no reason to make none', async () => {
    writeFileSync(join(source, 'file'), 'x');
    const { snapshot } = await run({ excludes: Array.from({ length: limits.textsPerRecord + 5 }, (_, i) => `*.${i}`) });
    expect((await (await fixture.reader(vault)).reader.snapshot(snapshot.sequence)).excludes).toHaveLength(limits.textsPerRecord);
  });
});

describe('a file that changes while it is read', () => {
  it('is read once more', async () => {
    const path = join(source, 'log');
    writeFileSync(path, bytes(300_000));
    let changes = 0;
    const afterRead = (): void => {
      if (changes++ === 0) appendFileSync(path, 'one more line');
    };
    const { snapshot, notes } = await run({ platform: watchedPlatform({ afterRead }) });
    expect(notes).toEqual([]);
    expect(snapshot.stats.readBytes).toBe(300_000 + 300_013);
    await expectRestored();
  });

  it.each([300_000, 9_000_000])('is stored marked when it changes again, and read the next time (%i bytes)', async (size) => {
    const path = join(source, 'log');
    writeFileSync(path, bytes(size));
    const { snapshot, notes } = await run({ platform: watchedPlatform({ afterRead: () => appendFileSync(path, 'more') }) });
    expect(notes).toEqual([expect.objectContaining({ code: 'changed_while_read', path })]);
    expect(snapshot.stats.errors).toBe(0);
    const { reader } = await fixture.reader(vault);
    expect(await reader.entry(await reader.snapshot('latest'), path)).toMatchObject({ changedWhileRead: true });
    expect((await run()).snapshot.stats.changedFiles).toBe(1);
    await expectRestored();
  });

  it('is stored as it was read when it becomes shorter', async () => {
    const path = join(source, 'shrinking');
    writeFileSync(path, bytes(9_000_000));
    let size = 9_000_000;
    const afterRead = (): void => {
      size = Math.max(0, size - 2_000_000);
      truncateSync(path, size);
    };
    const { notes } = await run({ platform: watchedPlatform({ afterRead }) });
    expect(notes).toHaveLength(1);
    const report = await restore({ ...(await fixture.reader(vault)), to: join(home, 'out'), conflict: 'fail', verify: true });
    expect(report).toMatchObject({ errorCount: 0, files: 1, filesVerified: 1 });
  });

  it('is another one by the time it is opened: stored as what it is then, with its own facts', async () => {
    const [path, other] = [join(source, 'file'), join(home, 'other')];
    writeFileSync(path, bytes(3_000));
    writeFileSync(other, bytes(3_000));
    for (const file of [path, other]) utimesSync(file, 1_700_000_000, 1_700_000_000);
    const { ino } = lstatSync(other, { bigint: true });
    const real = currentPlatform();
    let scanned = false;
    const platform: Platform = {
      ...real,
      facts: (asked) => {
        const facts = real.facts(asked);
        // Same size and same time as the one that the scan has just seen.
        if (asked.toString() === path && !scanned) renameSync(other, path);
        scanned ||= asked.toString() === path;
        return facts;
      },
    };
    await run({ platform });
    const { reader } = await fixture.reader(vault);
    expect(await reader.entry(await reader.snapshot('latest'), path)).toMatchObject({ inode: ino });
    expect((await run()).snapshot.stats).toMatchObject({ unchangedFiles: 1 });
    await expectRestored();
  });

  it('is a fifo by the time it is opened: a problem to report, and nothing is taken out of it', async () => {
    if (!currentPlatform().capabilities.fifos) return;
    const path = join(source, 'file');
    writeFileSync(path, bytes(3_000));
    let writer: number | undefined;
    const onOpen = (): void => {
      rmSync(path);
      currentPlatform().fifo(Buffer.from(path), 0o600);
      writer = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      writeSync(writer, 'for somebody else');
    };
    const { problems } = await run({ platform: watchedPlatform({ onOpen }) });
    expect(problems).toEqual([expect.objectContaining({ path, code: 'file_changed' })]);
    const left = Buffer.alloc(100);
    expect(left.toString('utf8', 0, readSync(writer!, left))).toBe('for somebody else');
    closeSync(writer!);
  });

  it('that vanishes is noted and not in the snapshot', async () => {
    writeFileSync(join(source, 'a'), 'a');
    writeFileSync(join(source, 'b'), 'b');
    const { snapshot, notes } = await run({
      platform: watchedPlatform({ onOpen: (path) => rmSync(path.replace(/a$/, 'b'), { force: true }) }),
    });
    expect(notes).toEqual([expect.objectContaining({ code: 'vanished', path: join(source, 'b') })]);
    expect(snapshot.stats).toMatchObject({ files: 1, errors: 0 });
    // The folder was looked at before the file went.
    await expectRestored('out', ['mtime']);
  });
});

describe('a folder that vanishes during the backup', () => {
  it('is noted and not in the snapshot; the one that was asked for is an error', async () => {
    mkdirSync(join(source, 'a'));
    mkdirSync(join(source, 'b'));
    writeFileSync(join(source, 'c'), 'c');
    const real = watchedPlatform({});
    const without = (gone: string) => {
      const remove = (path: Buffer): Buffer => {
        if (path.toString() === gone) rmSync(path, { recursive: true, force: true });
        return path;
      };
      return { ...real, names: (path: Buffer) => real.names(remove(path)), namesNow: (path: Buffer) => real.namesNow(remove(path)) };
    };
    const { snapshot, problems, notes } = await run({ platform: without(join(source, 'b')) });
    expect(problems).toEqual([]);
    expect(notes).toEqual([expect.objectContaining({ code: 'vanished', path: join(source, 'b') })]);
    expect(snapshot).toMatchObject({ partial: false, stats: { files: 1, errors: 0 } });
    await expectRestored('out', ['mtime']);
    const gone = await run({ platform: without(source) });
    expect(gone.problems).toEqual([expect.objectContaining({ code: 'file_not_found', path: source })]);
    expect(gone.snapshot.partial).toBe(true);
  });
});

describe('folders on a disk that makes the walk wait', () => {
  it('are looked at ahead, several at once, and come out as they are', async () => {
    for (let i = 0; i < 60; i += 1) {
      mkdirSync(join(source, `${i % 6}`, `folder ${i}`), { recursive: true });
      for (let j = 0; j < 5; j += 1) writeFileSync(join(source, `${i % 6}`, `folder ${i}`, `file ${j}`), `content ${i} ${j}`);
    }
    const real = watchedPlatform({});
    const waits =
      <T>(call: (path: Buffer) => T) =>
      (path: Buffer): T => {
        for (const until = performance.now() + 1; performance.now() < until;);
        return call(path);
      };
    let open = 0;
    let most = 0;
    const counted =
      <T>(call: (path: Buffer) => Promise<T>) =>
      async (path: Buffer): Promise<T> => {
        most = Math.max(most, (open += 1));
        return call(path).finally(() => (open -= 1));
      };
    const slow = {
      ...real,
      facts: waits((path) => real.facts(path)),
      namesNow: waits((path) => real.namesNow(path)),
      names: counted((path) => real.names(path)),
      factsLater: counted((path) => real.factsLater(path)),
    };
    const first = await run({ platform: slow });
    expect(first.snapshot.stats).toMatchObject({ files: 300, directories: 67, errors: 0 });
    expect(most).toBeGreaterThan(2);
    await expectRestored();
    const quick = await run();
    const slowly = await run({ platform: slow });
    for (const { snapshot } of [quick, slowly]) expect(snapshot.stats).toMatchObject({ unchangedFiles: 300, newChunks: 0 });
    expect(open).toBe(0);
  });
});

describe('what is captured', () => {
  it('stores equal content once, hard links as links', async () => {
    const content = bytes(400_000);
    for (const name of ['a', 'b']) writeFileSync(join(source, name), content);
    linkSync(join(source, 'a'), join(source, 'c'));
    const opened: string[] = [];
    const { snapshot } = await run({ platform: watchedPlatform({ onOpen: (path) => opened.push(path.slice(-1)) }) });
    expect(opened).toEqual(['a', 'b']);
    expect(snapshot.stats.newPackBytes).toBeLessThan(500_000);
    await expectRestored();
  });

  it('names missing folders and goes on; fails when all are missing', async () => {
    writeFileSync(join(source, 'a'), 'a');
    const { problems, snapshot } = await run({ folders: [source, join(home, 'nowhere')] });
    expect(problems).toEqual([expect.objectContaining({ code: 'folder_not_found', path: join(home, 'nowhere') })]);
    expect(snapshot).toMatchObject({ partial: true, sequence: 1 });
    await expect(run({ folders: [join(home, 'nowhere')] })).rejects.toMatchObject({ code: 'folder_not_found' });
    await expect(run({ folders: [] })).rejects.toMatchObject({ code: 'no_folders' });
    expect(vault.head.snapshots).toHaveLength(1);
  });

  it('leaves out our own data, also when it is named', async () => {
    const own = await run({ folders: [source, fixture.folder] });
    expect(own.problems).toMatchObject([{ code: 'bad_argument', path: fixture.folder }]);
    expect(own.snapshot.partial).toBe(false);
    await expect(run({ folders: [fixture.folder] })).rejects.toMatchObject({ code: 'no_folders' });
  });

  it('looks into nothing that this process itself shows on a folder: it would wait for itself', async () => {
    mkdirSync(join(source, 'shown', 'latest'), { recursive: true });
    writeFileSync(join(source, 'notes'), '');
    const end = serveHere(join(source, 'shown'));
    try {
      const { snapshot, problems } = await run();
      expect([problems, snapshot.stats.files, snapshot.stats.directories]).toEqual([[], 1, 1]);
      const named = await run({ folders: [source, join(source, 'shown', 'latest')] });
      expect(named.problems).toMatchObject([{ code: 'bad_argument' }]);
    } finally {
      end();
    }
  });

  it('takes an empty folder and a single file as the folder', async () => {
    const file = join(home, 'single');
    writeFileSync(file, 'alone');
    const { snapshot } = await run({ folders: [source, file] });
    expect(snapshot.stats).toMatchObject({ files: 1, directories: 1 });
    await expectRestored();
    expect(await compareTrees(file, join(home, 'out', file))).toEqual([]);
    expect((await run({ folders: [source, file] })).snapshot.stats).toMatchObject({ unchangedFiles: 1, newPacks: 1 });
  });

  it('leaves out its own vault, sockets with a note, and what the rules say', async () => {
    const server = createServer().listen(join(source, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    writeFileSync(join(source, 'keep'), '');
    writeFileSync(join(source, 'a.tmp'), '');
    const { snapshot, notes } = await run({ folders: [home], excludes: ['*.tmp', 'packs/'] });
    server.close();
    expect(notes).toEqual([expect.objectContaining({ code: 'socket' })]);
    expect(snapshot.stats.files).toBe(1);
  });

  it('names what it needs, index packs included', async () => {
    writeFileSync(join(source, 'a'), bytes(1000));
    const first = await run();
    rmSync(join(source, 'a'));
    writeFileSync(join(source, 'b'), bytes(1000));
    const second = await run();
    const ordinals = (deflated: Uint8Array): number[] => [...PackBitmap.fromBytes(inflateSync(deflated)).ordinals()];
    const own = (kind: string, { newPacks }: typeof first): number[] =>
      newPacks.filter((pack) => pack.kind === kind).map(({ ordinal }) => ordinal);
    expect(ordinals(first.snapshot.neededPacks)).toEqual(first.newPacks.map(({ ordinal }) => ordinal).sort((a, b) => a - b));
    expect(ordinals(second.snapshot.neededPacks)).toEqual(
      [...own('index', first), ...second.newPacks.map(({ ordinal }) => ordinal)].sort((a, b) => a - b),
    );
    expect(second.snapshot.neededPackCount).toBe(4);
    for (const { snapshot } of [first, second]) {
      const { reader } = await vault.openReader();
      const walked = await reader.neededPacks(await reader.snapshot(snapshot.sequence));
      expect(
        ordinals(snapshot.neededPacks).filter(
          (ordinal) => !own('index', first).includes(ordinal) && !own('index', second).includes(ordinal),
        ),
      ).toEqual(
        [...walked.ordinals()].filter((ordinal) => !own('index', first).includes(ordinal) && !own('index', second).includes(ordinal)),
      );
    }
    const { durationMs: _, ...told } = (await vault.describeSnapshot(2)).stats;
    expect(second.snapshot.stats).toMatchObject({ ...told, newPacks: 3, newPackBytes: expect.any(Number) });
  });

  it('announces every pack before the head names it', async () => {
    writeFileSync(join(source, 'a'), bytes(1000));
    const { newPacks } = await run();
    expect(fixture.announced).toEqual(newPacks);
    expect(vault.allPacks()).toEqual(newPacks.toSorted((a, b) => a.ordinal - b.ordinal));
  });
});

describe('a run that is stopped', () => {
  it('by the signal keeps what it sealed, and the next one goes on', async () => {
    for (let i = 0; i < 300; i += 1) writeFileSync(join(source, `file ${i}`), bytes(40_000));
    const stop = new AbortController();
    let opened = 0;
    const platform = watchedPlatform({ onOpen: () => void (++opened === 200 && stop.abort()) });
    await expect(run({ platform, signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
    expect(vault.head.snapshots).toHaveLength(0);
    await vault.close();
    vault = await fixture.open();
    expect(vault.foundPacks.length).toBeGreaterThan(0);
    const { snapshot } = await run();
    expect(snapshot.stats.newChunks).toBeLessThanOrEqual(300 - 128);
    await expectRestored();
  });

  it('by a full disk says so, loses nothing, and goes on when there is room', async () => {
    writeFileSync(join(source, 'before'), bytes(100_000));
    await run();
    await vault.close();
    // More than the packs that are open and on their way take (2 MiB each), so that some are stored when it happens.
    for (let i = 0; i < 80; i += 1) writeFileSync(join(source, `file ${i}`), bytes(300_000));
    const files = faultyFiles(nodeFiles, { spaceBytes: 18_000_000 });
    vault = await fixture.open({ files, store: filePackStore(join(home, 'packs'), files) });
    await expect(run()).rejects.toMatchObject({ code: 'disk_full', status: 'temporary' });
    await expectRestoredFirst();
    files.freeSpace();
    const { snapshot } = await run();
    expect(snapshot.sequence).toBe(2);
    expect(snapshot.stats.newChunks).toBeLessThan(80);
    await expectRestored();
  });

  async function expectRestoredFirst(): Promise<void> {
    const report = await restore({ ...(await fixture.reader(vault)), to: join(home, 'first'), conflict: 'fail' });
    expect(report).toMatchObject({ sequence: 1, files: 1, errorCount: 0 });
  }
});

describe('the vault', () => {
  it('is opened by one at a time', async () => {
    await expect(fixture.open()).rejects.toMatchObject({ code: 'vault_busy', status: 'temporary' });
    await vault.close();
    vault = await fixture.open();
  });

  it('is not made twice and not opened where there is none', async () => {
    await vault.close();
    await expect(fixture.create()).rejects.toMatchObject({ code: 'vault_exists' });
    const other = await vaultFixture(join(home, 'no vault'), fixture.store);
    await expect(other.open()).rejects.toMatchObject({ code: 'vault_not_found' });
  });
});
