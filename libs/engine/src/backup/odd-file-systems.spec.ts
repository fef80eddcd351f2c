import { describe, expect, it } from '@jest/globals';
import { lstatSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '#libs/vault';
import { currentPlatform, type Platform, restore } from '../index.ts';
import { factsOf } from '../platform/system-file.ts';
import { fileError } from '../platform/system-error.ts';
import { changedFile } from '../testing/changed-file.ts';
import { watchedPlatform } from '../testing/watched-platform.ts';
import { backupPlace } from '../testing/backup-place.ts';

const here = backupPlace();

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
    writeFileSync(join(here.source, 'neighbour'), 'is in the same list of names');
    writeFileSync(join(here.source, 'late'), 'x');
    symlinkSync('nowhere', join(here.source, 'never'));
    // 2381; and 1601, which is what network shares and NTFS say instead of nothing.
    utimesSync(join(here.source, 'late'), 13_000_000_000, 13_000_000_000);
    const latest = 2n ** 63n - 1n;
    const { mtimeNs } = lstatSync(join(here.source, 'late'), { bigint: true });
    const platform: Platform = {
      ...currentPlatform(),
      facts: (path) => {
        const stat = lstatSync(path, { bigint: true });
        if (path.toString().endsWith('never')) Object.assign(stat, { mtimeNs: -11_644_473_600n * 10n ** 9n, ino: -5n });
        return factsOf(stat);
      },
    };
    await here.run({ platform });
    const { reader } = await here.fixture.reader(here.vault);
    const entries = await Array.fromAsync(reader.list(await reader.snapshot('latest'), here.source));
    expect(entries.map(({ name }) => Buffer.from(name).toString())).toEqual(['late', 'neighbour', 'never']);
    expect(entries[0]).toMatchObject({ mtimeNs: mtimeNs > latest ? latest : mtimeNs });
    expect(entries[2]).toMatchObject({ mtimeNs: -(2n ** 63n), inode: 2n ** 64n - 5n });
    const report = await restore({ ...(await here.fixture.reader(here.vault)), to: join(here.home, 'out'), conflict: 'fail' });
    expect(report).toMatchObject({ files: 2, others: 1, errors: [] });
    // The same with the system's own facts: nothing of it counts as changed.
    expect((await here.run()).snapshot.stats).toMatchObject({ unchangedFiles: 2 });
  });

  it.each(['a file', 'a folder'])(
    'are attributes of %s that may be listed and not read: a problem to report, and no reason to leave it out',
    async (what) => {
      mkdirSync(join(here.source, 'folder'));
      writeFileSync(join(here.source, 'folder', 'file'), 'content');
      const path = what === 'a file' ? join(here.source, 'folder', 'file') : join(here.source, 'folder');
      const real = currentPlatform();
      const platform = withAttributes((asked) => {
        if (asked.toString() === path) throw fileError('EACCES', asked);
        return real.extendedAttributes(asked);
      });
      const { snapshot, problems } = await here.run({ platform });
      expect(problems).toEqual([expect.objectContaining({ path, code: 'access_denied' })]);
      expect(snapshot.stats).toMatchObject({ files: 1, errors: 1 });
      await here.expectRestored();
    },
  );

  it('are attributes that are too large for a snapshot: the others are kept', async () => {
    writeFileSync(join(here.source, 'file'), 'content');
    const real = currentPlatform();
    const small = { name: Buffer.from('user.small'), value: Buffer.from('kept') };
    const large = { name: Buffer.from('user.fork'), value: Buffer.alloc(limits.xattrValueBytes + 1) };
    const many = Array.from({ length: limits.xattrsPerEntry }, (_, i) => ({ name: Buffer.from(`user.${i}`), value: Buffer.alloc(3_000) }));
    const platform = withAttributes((path) => (path.toString().endsWith('file') ? [small, large, ...many] : real.extendedAttributes(path)));
    const { problems } = await here.run({ platform });
    expect(problems).toEqual([expect.objectContaining({ path: join(here.source, 'file'), code: 'unsupported' })]);
    const { reader } = await here.fixture.reader(here.vault);
    const { xattrs = [] } = await reader.entry(await reader.snapshot('latest'), join(here.source, 'file'));
    expect(xattrs.some(({ name }) => Buffer.from(name).toString() === 'user.small')).toBe(true);
    expect(xattrs.length).toBeGreaterThan(500);
  });
});

describe('folders on a disk that makes the walk wait', () => {
  it('are looked at ahead, several at once, and come out as they are', async () => {
    for (let i = 0; i < 60; i += 1) {
      mkdirSync(join(here.source, `${i % 6}`, `folder ${i}`), { recursive: true });
      for (let j = 0; j < 5; j += 1) writeFileSync(join(here.source, `${i % 6}`, `folder ${i}`, `file ${j}`), `content ${i} ${j}`);
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
    const first = await here.run({ platform: slow });
    expect(first.snapshot.stats).toMatchObject({ files: 300, directories: 67, errors: 0 });
    expect(most).toBeGreaterThan(2);
    await here.expectRestored();
    const quick = await here.run();
    const slowly = await here.run({ platform: slow });
    for (const { snapshot } of [quick, slowly]) expect(snapshot.stats).toMatchObject({ unchangedFiles: 300, newChunks: 0 });
    expect(open).toBe(0);
  });
});
