import { describe, expect, it } from '@jest/globals';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { BlockSource } from '#libs/vault';
import { backup, compareTrees, currentPlatform, type Platform, restore } from '../index.ts';
import { fileError } from '../platform/system-error.ts';
import { restorePlace } from '../testing/restore-place.ts';

const here = restorePlace();

describe('what is restored', () => {
  it('paths of a snapshot with only the packs that they need', async () => {
    const report = await here.run({ paths: [join(here.source, 'sub', 'b'), join(here.source, 'link')] });
    expect(report).toMatchObject({ files: 1, others: 1, directories: 0, bytes: 300_000, packsNeeded: 1, packsFetched: 1, errorCount: 0 });
    expect(fs.readFileSync(here.at('sub', 'b'))).toEqual(fs.readFileSync(join(here.source, 'sub', 'b')));
    expect(fs.existsSync(here.at('a.txt'))).toBe(false);
    expect(await here.run({ paths: [join(here.source, 'nothing')] }).catch((error: { code: string }) => error.code)).toBe('path_not_found');
  });

  it('a snapshot of the whole file system', async () => {
    // All but the test's folder left out: what matters is that the root has no name.
    const top = here.source.split('/')[1]!;
    const keep = here.source
      .split('/')
      .slice(1)
      .flatMap((_, i, parts) => [`/${parts.slice(0, i).join('/')}${i > 0 ? '/' : ''}*`, `!/${parts.slice(0, i + 1).join('/')}`]);
    await backup({ vault: here.vault, folders: ['/'], excludes: keep, host: 'h', user: 'u', defaultExcludes: false });
    const report = await here.run();
    expect(report.errors).toEqual([]);
    expect(fs.readdirSync(here.out)).toEqual([top]);
    expect(await compareTrees(here.source, here.at())).toEqual([]);
  });

  it("a user's attributes of files that are read-only by their mode, which only the superuser could set afterwards", async () => {
    const real = currentPlatform();
    const path = join(here.source, 'a.txt');
    real.setExtendedAttribute(Buffer.from(path), { name: Buffer.from('user.kept'), value: Buffer.from('1') });
    fs.chmodSync(path, 0o444);
    await backup({ vault: here.vault, folders: [here.source], host: 'h', user: 'u' });
    const platform: Platform = {
      ...real,
      setExtendedAttribute: (file, attribute) =>
        (real.facts(file).mode & 0o200) === 0 ? 'unsupported' : real.setExtendedAttribute(file, attribute),
    };
    expect((await here.run({ platform })).notes.filter(({ code }) => code.startsWith('attribute'))).toEqual([]);
    expect(await compareTrees(here.source, here.at())).toEqual([]);
  });

  it('is durable on every file system that it goes to, also on one that is mounted below', async () => {
    const real = currentPlatform();
    const deviceOf = (path: Buffer, device: bigint): bigint => (path.toString().startsWith(here.at('sub')) ? 77n : device);
    const moved = <F extends { device: bigint }>(path: Buffer, facts: F): F => ({ ...facts, device: deviceOf(path, facts.device) });
    const synced: string[] = [];
    const platform: Platform = {
      ...real,
      facts: (path) => moved(path, real.facts(path)),
      factsIfAny: (path) => {
        const facts = real.factsIfAny(path);
        return facts && moved(path, facts);
      },
      holdFolder: (path) => {
        const held = real.holdFolder(path);
        return { ...held, facts: moved(path, held.facts) };
      },
      // As for a file that this account may not read.
      syncPath: async () => 'unsupported',
      syncAll: async (path) => {
        synced.push(path.toString());
        return 'done';
      },
    };
    expect((await here.run({ platform })).errors).toEqual([]);
    expect(synced).toContain(here.at('sub'));
    expect(synced.some((path) => !path.startsWith(here.at('sub')))).toBe(true);
  });

  it('the same where files can not be made whole, and never over a file that came meanwhile', async () => {
    for (let n = 0; n < 5; n += 1) fs.writeFileSync(join(here.source, `small-${n}`), here.bytes(100 * n));
    await backup({ vault: here.vault, folders: [here.source], host: 'h', user: 'u' });
    const real = currentPlatform();
    const asked: string[] = [];
    const placing = (placeWhole: (path: string) => void): Platform => ({
      ...real,
      holdFolder: (path) => {
        const held = real.holdFolder(path);
        return {
          ...held,
          ...(held.placeWhole && {
            placeWhole: (...args: Parameters<NonNullable<typeof held.placeWhole>>) => {
              const to = join(path.toString(), args[0].toString());
              asked.push(to);
              placeWhole(to);
              return unable ? 'unsupported' : held.placeWhole!(...args);
            },
          }),
        };
      },
    });
    let unable = true;
    expect((await here.run({ platform: placing(() => undefined) })).errors).toEqual([]);
    expect(asked.length > 2).toBe(process.platform === 'linux');
    expect(await compareTrees(here.source, here.at())).toEqual([]);

    unable = false;
    here.out = `${here.out}-raced`;
    asked.length = 0;
    const report = await here.run({ conflict: 'overwrite', platform: placing((path) => fs.writeFileSync(path, 'of somebody else')) });
    expect(report.errors.map(({ path, code }) => [path, code])).toEqual(asked.map((path) => [path, 'file_exists']));
    for (const path of asked) expect(fs.readFileSync(path, 'utf8')).toBe('of somebody else');
    // Once it is seen there, the rule says what becomes of it.
    expect((await here.run({ conflict: 'overwrite' })).errors).toEqual([]);
    expect(await compareTrees(here.source, here.at())).toEqual([]);
  });

  it('further names of a file as files of their own where there can be no links', async () => {
    const platform: Platform = {
      ...currentPlatform(),
      hardLink: (existing) => {
        throw fileError('EPERM', existing);
      },
    };
    const report = await here.run({ platform });
    expect(report.errors).toEqual([]);
    expect(report.notes).toEqual([expect.objectContaining({ code: 'link_not_restored', path: here.at('sub', 'b again') })]);
    expect((await compareTrees(here.source, here.at())).every(({ aspect }) => aspect === 'hard-links')).toBe(true);
    expect(fs.readFileSync(here.at('sub', 'b again'))).toEqual(fs.readFileSync(join(here.source, 'sub', 'b')));
    expect(fs.readdirSync(here.at('sub')).filter((name) => name.startsWith('.holdfast'))).toEqual([]);
    expect(await here.run({ platform, conflict: 'overwrite' })).toMatchObject({ errors: [] });
  });

  it('counts without writing in a dry run', async () => {
    const report = await here.run({ dryRun: true });
    expect(report).toMatchObject({ files: 4, directories: 2, others: 1, bytes: 5_300_021, packsFetched: 0 });
    expect(report.packsNeeded).toBeGreaterThan(1);
    expect(report.bytesFetched).toBeGreaterThan(5_300_000);
    expect(fs.existsSync(here.out)).toBe(false);
  });

  it('the original places', async () => {
    fs.renameSync(here.source, join(here.home, 'kept'));
    const { to: _, ...options } = { to: undefined };
    const opened = await here.fixture.reader(here.vault);
    const report = await restore({ ...opened, conflict: 'fail', ...options });
    expect(report.placed).toEqual([{ from: here.source, to: here.source }]);
    expect(await compareTrees(join(here.home, 'kept'), here.source)).toEqual([]);
  });

  it('goes on after an interruption without fetching what is there', async () => {
    await here.run();
    fs.rmSync(here.at('sub', 'c'));
    const report = await here.run({ conflict: 'overwrite' });
    expect(report).toMatchObject({ files: 1, filesUnchanged: 4, bytes: 5_000_000 });
    expect(await compareTrees(here.source, here.at())).toEqual([]);
  });

  it('leaves nothing behind when stopped', async () => {
    const stop = new AbortController();
    stop.abort();
    await expect(here.run({ signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
    const later = new AbortController();
    const stopping: BlockSource = { ...here.aHolder(), leaves: (...args) => (armed && later.abort(), here.fixture.store.leaves(...args)) };
    let armed = false;
    const opened = await here.fixture.reader(here.vault, [stopping]);
    armed = true;
    await expect(restore({ ...opened, to: here.out, conflict: 'fail', signal: later.signal })).rejects.toMatchObject({
      code: 'interrupted',
    });
    const left = fs.existsSync(here.out)
      ? (fs.readdirSync(here.out, { recursive: true }) as string[]).filter((name) => name.includes('.holdfast-'))
      : [];
    expect(left).toEqual([]);
  });
});

describe('what is there already', () => {
  const before = (): void => {
    fs.mkdirSync(here.at('sub'), { recursive: true });
    fs.writeFileSync(here.at('a.txt'), 'mine');
    fs.writeFileSync(here.at('other'), 'untouched');
  };

  it.each([
    ['overwrite', 'the a of the snapshot', []],
    ['skip', 'mine', []],
    ['keep-both', 'mine', [expect.stringMatching(/^a \(restored \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\)\.txt$/)]],
  ] as const)('%s', async (conflict, content, kept) => {
    before();
    const report = await here.run({ conflict });
    expect(report.errors).toEqual([]);
    expect(fs.readFileSync(here.at('a.txt'), 'utf8')).toBe(content);
    expect(fs.readFileSync(here.at('other'), 'utf8')).toBe('untouched');
    expect(fs.readFileSync(here.at('sub', 'b'))).toEqual(fs.readFileSync(join(here.source, 'sub', 'b')));
    const names = fs.readdirSync(here.at()).filter((name) => name.startsWith('a ('));
    expect(names).toEqual(kept);
    for (const name of names) expect(fs.readFileSync(here.at(name), 'utf8')).toBe('the a of the snapshot');
    expect(report.filesSkipped).toBe(conflict === 'skip' ? 1 : 0);
  });

  it('fail writes nothing at all', async () => {
    before();
    await expect(here.run({ conflict: 'fail' })).rejects.toMatchObject({ code: 'conflict', context: { path: here.at('a.txt') } });
    expect(fs.readdirSync(here.at()).sort()).toEqual(['a.txt', 'other', 'sub']);
    expect(fs.readdirSync(here.at('sub'))).toEqual([]);
  });

  it('a folder in the way of a file stays', async () => {
    fs.mkdirSync(here.at('a.txt'), { recursive: true });
    const report = await here.run({ conflict: 'overwrite' });
    expect(report.errors).toEqual([expect.objectContaining({ code: 'conflict', path: here.at('a.txt') })]);
    expect(report.files).toBe(3);
  });
});
