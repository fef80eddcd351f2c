import { describe, expect, it } from '@jest/globals';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { currentPlatform, type Platform, restore } from '../index.ts';
import { watchedPlatform } from '../testing/watched-platform.ts';
import { backupPlace } from '../testing/backup-place.ts';

const here = backupPlace();

describe('a file with several names', () => {
  it('is captured under those that are left when the one that was read first is gone by then', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      if (name === 'a') writeFileSync(join(here.source, name), here.bytes(5_000));
      else linkSync(join(here.source, 'a'), join(here.source, name));
    }
    const onOpen = (path: string): void => {
      if (path === join(here.source, 'a') || path === join(here.source, 'b')) rmSync(path);
    };
    const { snapshot, notes, problems } = await here.run({ platform: watchedPlatform({ onOpen }) });
    expect(notes.map(({ code, path }) => [code, path])).toEqual([
      ['vanished', join(here.source, 'a')],
      ['vanished', join(here.source, 'b')],
    ]);
    expect({ problems, files: snapshot.stats.files }).toEqual({ problems: [], files: 2 });
    // The folder's own time is that of before the names went.
    await here.expectRestored('out', ['mtime']);
  });
});

describe('a file that changes while it is read', () => {
  it('is read once more', async () => {
    const path = join(here.source, 'log');
    writeFileSync(path, here.bytes(300_000));
    let changes = 0;
    const afterRead = (): void => {
      if (changes++ === 0) appendFileSync(path, 'one more line');
    };
    const { snapshot, notes } = await here.run({ platform: watchedPlatform({ afterRead }) });
    expect(notes).toEqual([]);
    expect(snapshot.stats.readBytes).toBe(300_000 + 300_013);
    await here.expectRestored();
  });

  it.each([300_000, 9_000_000])('is stored marked when it changes again, and read the next time (%i bytes)', async (size) => {
    const path = join(here.source, 'log');
    writeFileSync(path, here.bytes(size));
    const { snapshot, notes } = await here.run({ platform: watchedPlatform({ afterRead: () => appendFileSync(path, 'more') }) });
    expect(notes).toEqual([expect.objectContaining({ code: 'changed_while_read', path })]);
    expect(snapshot.stats.errors).toBe(0);
    const { reader } = await here.fixture.reader(here.vault);
    expect(await reader.entry(await reader.snapshot('latest'), path)).toMatchObject({ changedWhileRead: true });
    expect((await here.run()).snapshot.stats.changedFiles).toBe(1);
    await here.expectRestored();
  });

  it('is stored as it was read when it becomes shorter', async () => {
    const path = join(here.source, 'shrinking');
    writeFileSync(path, here.bytes(9_000_000));
    let size = 9_000_000;
    const afterRead = (): void => {
      size = Math.max(0, size - 2_000_000);
      truncateSync(path, size);
    };
    const { notes } = await here.run({ platform: watchedPlatform({ afterRead }) });
    expect(notes).toHaveLength(1);
    const report = await restore({
      ...(await here.fixture.reader(here.vault)),
      to: join(here.home, 'out'),
      conflict: 'fail',
      verify: true,
    });
    expect(report).toMatchObject({ errorCount: 0, files: 1, filesVerified: 1 });
  });

  it('is another one by the time it is opened: stored as what it is then, with its own facts', async () => {
    const [path, other] = [join(here.source, 'file'), join(here.home, 'other')];
    writeFileSync(path, here.bytes(3_000));
    writeFileSync(other, here.bytes(3_000));
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
    await here.run({ platform });
    const { reader } = await here.fixture.reader(here.vault);
    expect(await reader.entry(await reader.snapshot('latest'), path)).toMatchObject({ inode: ino });
    expect((await here.run()).snapshot.stats).toMatchObject({ unchangedFiles: 1 });
    await here.expectRestored();
  });

  it('is a fifo by the time it is opened: a problem to report, and nothing is taken out of it', async () => {
    if (!currentPlatform().capabilities.fifos) return;
    const path = join(here.source, 'file');
    writeFileSync(path, here.bytes(3_000));
    let writer: number | undefined;
    const onOpen = (): void => {
      rmSync(path);
      currentPlatform().fifo(Buffer.from(path), 0o600);
      writer = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      writeSync(writer, 'for somebody else');
    };
    const { problems } = await here.run({ platform: watchedPlatform({ onOpen }) });
    expect(problems).toEqual([expect.objectContaining({ path, code: 'file_changed' })]);
    const left = Buffer.alloc(100);
    expect(left.toString('utf8', 0, readSync(writer!, left))).toBe('for somebody else');
    closeSync(writer!);
  });

  it('that vanishes is noted and not in the snapshot', async () => {
    writeFileSync(join(here.source, 'a'), 'a');
    writeFileSync(join(here.source, 'b'), 'b');
    const { snapshot, notes } = await here.run({
      platform: watchedPlatform({ onOpen: (path) => rmSync(path.replace(/a$/, 'b'), { force: true }) }),
    });
    expect(notes).toEqual([expect.objectContaining({ code: 'vanished', path: join(here.source, 'b') })]);
    expect(snapshot.stats).toMatchObject({ files: 1, errors: 0 });
    // The folder was looked at before the file went.
    await here.expectRestored('out', ['mtime']);
  });
});

describe('a folder that vanishes during the backup', () => {
  it('is noted and not in the snapshot; the one that was asked for is an error', async () => {
    mkdirSync(join(here.source, 'a'));
    mkdirSync(join(here.source, 'b'));
    writeFileSync(join(here.source, 'c'), 'c');
    const real = watchedPlatform({});
    const without = (gone: string) => {
      const remove = (path: Buffer): Buffer => {
        if (path.toString() === gone) rmSync(path, { recursive: true, force: true });
        return path;
      };
      return { ...real, names: (path: Buffer) => real.names(remove(path)), namesNow: (path: Buffer) => real.namesNow(remove(path)) };
    };
    const { snapshot, problems, notes } = await here.run({ platform: without(join(here.source, 'b')) });
    expect(problems).toEqual([]);
    expect(notes).toEqual([expect.objectContaining({ code: 'vanished', path: join(here.source, 'b') })]);
    expect(snapshot).toMatchObject({ partial: false, stats: { files: 1, errors: 0 } });
    await here.expectRestored('out', ['mtime']);
    const gone = await here.run({ platform: without(here.source) });
    expect(gone.problems).toEqual([expect.objectContaining({ code: 'file_not_found', path: here.source })]);
    expect(gone.snapshot.partial).toBe(true);
  });
});

describe('a folder that changes during the backup', () => {
  /** Something is done as a folder is listed: before or after. */
  const whenListed = (folder: string, when: 'before' | 'after', doing: () => void): Platform => {
    const real = currentPlatform();
    let done = false;
    const hook = (path: Buffer, now: typeof when): void => {
      if (done || when !== now || path.toString() !== folder) return;
      done = true;
      doing();
    };
    return {
      ...real,
      async names(path) {
        hook(path, 'before');
        const names = await real.names(path);
        hook(path, 'after');
        return names;
      },
      namesNow(path) {
        hook(path, 'before');
        const names = real.namesNow(path);
        hook(path, 'after');
        return names;
      },
    };
  };

  it.each(['before', 'after'] as const)(
    'is a link by then, made %s it was listed: nothing of where that leads is taken for its content, and it is missed',
    async (when) => {
      const elsewhere = join(here.home, 'elsewhere');
      for (const path of [join(here.source, 'b'), elsewhere]) {
        mkdirSync(path);
        writeFileSync(join(path, 'file'), path);
      }
      writeFileSync(join(here.source, 'c'), 'c');
      const platform = whenListed(join(here.source, 'b'), when, () => {
        renameSync(join(here.source, 'b'), join(here.home, 'was b'));
        symlinkSync(elsewhere, join(here.source, 'b'));
      });
      const { snapshot, problems } = await here.run({ platform });
      expect(problems).toEqual([expect.objectContaining({ path: join(here.source, 'b'), code: 'file_changed' })]);
      expect(snapshot).toMatchObject({ partial: true, stats: { files: 1 } });
      const { reader } = await here.fixture.reader(here.vault);
      const latest = await reader.snapshot('latest');
      expect(await reader.entry(latest, join(here.source, 'b'))).toMatchObject({ type: 'directory', error: 'file_changed' });
      await expect(reader.entry(latest, join(here.source, 'b', 'file'))).rejects.toMatchObject({ code: 'path_not_found' });
      // The next one has the link.
      expect((await here.run()).snapshot.partial).toBe(false);
      await here.expectRestored();
    },
  );

  it('has the times and the mode that it had with what is in it, however long the walk was elsewhere before', async () => {
    for (const name of ['a', 'b']) mkdirSync(join(here.source, name));
    const platform = whenListed(join(here.source, 'a'), 'before', () => {
      writeFileSync(join(here.source, 'b', 'saved'), 'meanwhile');
      chmodSync(join(here.source, 'b'), 0o700);
      utimesSync(join(here.source, 'b'), 1_700_000_000, 1_700_000_000);
    });
    await here.run({ platform });
    await here.expectRestored();
  });
});
