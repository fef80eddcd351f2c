import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { BlockSource } from '#libs/vault';
import { backup, compareTrees, currentPlatform, type LocalVault, restore, type RestoreOptions } from '../index.ts';
import { EngineError } from '../errors.ts';
import type { Platform } from '../platform/index.ts';
import { dyingPlatform } from '../testing/dying-platform.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { makeNastyTree, seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';
import { temporaryName } from './temporary-name.ts';

jest.setTimeout(120_000);
const folder = temporaryFolders();
const bytes = seededBytes(14);
let home: string;
let source: string;
let out: string;
let fixture: VaultFixture;
let vault: LocalVault;

beforeEach(async () => {
  home = await folder('again');
  source = join(home, 'source');
  out = join(home, 'out');
  fs.mkdirSync(join(source, 'sub'), { recursive: true });
  fs.writeFileSync(join(source, 'small'), 'small as it was');
  fs.writeFileSync(join(source, 'sub', 'large'), bytes(6_000_000));
  fs.linkSync(join(source, 'small'), join(source, 'sub', 'other name'));
  fs.symlinkSync('small', join(source, 'link'));
  const sparse = fs.openSync(join(source, 'sparse'), 'w');
  fs.writeSync(sparse, bytes(1_500_000), 0, 1_500_000, 2 << 20);
  fs.ftruncateSync(sparse, 8 << 20);
  fs.closeSync(sparse);
  fs.chmodSync(join(source, 'sub'), 0o750);
  fs.utimesSync(join(source, 'sub'), 1e9, 1e9);
  fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
  vault = await fixture.create();
  await backup({ vault, folders: [source], host: 'h', user: 'u' });
});

const run = async (options: Partial<RestoreOptions> = {}, sources?: BlockSource[]) =>
  restore({ ...(await fixture.reader(vault, sources)), to: out, conflict: 'keep-both', ...options });
const at = (...names: string[]): string => join(out, source, ...names);
const names = (): string[] => (fs.readdirSync(at(), { recursive: true }) as string[]).sort();
const same = async (): Promise<void> => expect(await compareTrees(source, at())).toEqual([]);

describe('run again', () => {
  it.each(['keep-both', 'overwrite', 'skip'] as const)('it writes and fetches nothing (%s)', async (conflict) => {
    await run();
    const before = fs.statSync(at('sub', 'large'), { bigint: true });
    const report = await run({ conflict });
    expect(report).toMatchObject({ files: 0, others: 0, bytes: 0, bytesFetched: 0, packsFetched: 0, errorCount: 0 });
    if (conflict !== 'skip') expect(report.filesUnchanged).toBe(5);
    if (conflict !== 'skip') expect(report.bytesUnchanged).toBeGreaterThan(7_500_000);
    expect(report.notes).toEqual([]);
    expect(fs.statSync(at('sub', 'large'), { bigint: true })).toMatchObject({ ino: before.ino, ctimeNs: before.ctimeNs });
    await same();
  });

  it('it sees by the content, and not by size and time, what is right', async () => {
    await run();
    const { mtimeMs } = fs.statSync(at('sub', 'large'));
    const file = fs.openSync(at('sub', 'large'), 'r+');
    fs.writeSync(file, 'a rotten bit', 5_000_000);
    fs.closeSync(file);
    fs.utimesSync(at('sub', 'large'), mtimeMs / 1000, mtimeMs / 1000);
    fs.writeFileSync(at('sparse'), Buffer.alloc(8 << 20, 7));
    const report = await run({ conflict: 'overwrite', verify: true });
    expect(report).toMatchObject({ files: 2, errorCount: 0, filesVerified: 3 });
    await same();
  });

  it('it fetches only the parts of a file that differ, and the file as it was stays until the new one is whole', async () => {
    await run();
    const opened = fs.openSync(at('sub', 'large'), 'r+');
    fs.writeSync(opened, 'changed by somebody', 3_000_000);
    const changed = fs.readFileSync(at('sub', 'large'));
    const report = await run({ conflict: 'overwrite' });
    expect(report).toMatchObject({ files: 1, errorCount: 0 });
    expect(report.bytesFetched).toBeLessThan(4_500_000);
    expect(report.bytesUnchanged).toBeGreaterThan(3_000_000);
    await same();
    // Who has it open still sees all of the old one: it was never written into.
    const old = Buffer.alloc(changed.length);
    fs.readSync(opened, old, 0, old.length, 0);
    expect(old.equals(changed)).toBe(true);
    fs.closeSync(opened);
  });

  it('zeros in a hole are no difference, anything else is', async () => {
    await run();
    const file = fs.openSync(at('sparse'), 'r+');
    fs.writeSync(file, Buffer.alloc(4096), 0, 4096, 0);
    const options = { conflict: 'overwrite' as const, paths: [join(source, 'sparse')] };
    expect(await run(options)).toMatchObject({ files: 0, filesUnchanged: 1 });
    fs.writeSync(file, 'x', 100);
    fs.closeSync(file);
    expect(await run(options)).toMatchObject({ files: 1, errorCount: 0 });
    expect(fs.readFileSync(at('sparse')).equals(fs.readFileSync(join(source, 'sparse')))).toBe(true);
  });

  it('it says where each thing really went', async () => {
    await run();
    fs.writeFileSync(at('small'), 'mine');
    const report = await run({ paths: [join(source, 'small'), join(source, 'link')] });
    const kept = names().find((name) => name.startsWith('small ('))!;
    expect(kept).toBeDefined();
    expect(report.placed).toEqual([
      { from: join(source, 'small'), to: at(kept) },
      { from: join(source, 'link'), to: at('link') },
    ]);
    expect(report.notes).toEqual([{ path: at(kept), code: 'kept_both', message: `${at('small')} is there already and was left as it is` }]);
    expect(fs.readFileSync(at(kept), 'utf8')).toBe('small as it was');
  });
});

describe('a restore that was killed', () => {
  const large = async () => {
    const { reader } = await fixture.reader(vault);
    const entry = await reader.entry(await reader.snapshot('latest'), join(source, 'sub', 'large'));
    return { entry, temporary: at('sub', temporaryName(entry.name, entry).toString()) };
  };

  it('is gone on with: what is right of a file is not fetched again', async () => {
    const { temporary } = await large();
    fs.mkdirSync(at('sub'), { recursive: true });
    fs.writeFileSync(temporary, fs.readFileSync(join(source, 'sub', 'large')).subarray(0, 4_000_000));
    const report = await run({ paths: [join(source, 'sub')], conflict: 'overwrite' });
    expect(report.errors).toEqual([]);
    expect(report.bytesUnchanged).toBeGreaterThan(2_000_000);
    expect(report.bytesFetched).toBeLessThan(4_500_000);
    expect(fs.readFileSync(at('sub', 'large')).equals(fs.readFileSync(join(source, 'sub', 'large')))).toBe(true);
    expect(fs.existsSync(temporary)).toBe(false);
  });

  it('a file that somebody put there under the temporary name is not written into', async () => {
    const { temporary } = await large();
    const victim = join(home, 'victim');
    fs.writeFileSync(victim, 'of somebody else');
    fs.mkdirSync(at('sub'), { recursive: true });
    for (const plant of [() => fs.linkSync(victim, temporary), () => fs.symlinkSync(victim, temporary)]) {
      plant();
      const report = await run({ conflict: 'overwrite' });
      expect(report.errors).toEqual([]);
      expect(fs.readFileSync(victim, 'utf8')).toBe('of somebody else');
      fs.rmSync(at('sub', 'large'));
    }
  });

  it('leaves every file old or new, never mixed, and the next run makes all right', async () => {
    const old = { small: 'small, older', large: bytes(6_000_000) };
    const { reader } = await fixture.reader(vault);
    let deaths = 0;
    // Every change of a whole run, in steps that grow no multiple of what one file takes.
    for (let calls = 1; ; calls += 1 + (calls >> 2)) {
      fs.rmSync(out, { recursive: true, force: true });
      fs.mkdirSync(at('sub'), { recursive: true });
      fs.writeFileSync(at('small'), old.small);
      fs.writeFileSync(at('sub', 'large'), old.large);
      const platform = dyingPlatform(calls);
      await restore({ reader, to: out, conflict: 'overwrite', platform }).catch((error: Error) => expect(error.message).toBe('killed'));
      expect(['small as it was', old.small]).toContain(fs.readFileSync(at('small'), 'utf8'));
      const now = fs.readFileSync(at('sub', 'large'));
      expect(now.equals(old.large) || now.equals(fs.readFileSync(join(source, 'sub', 'large')))).toBe(true);
      for (const name of ['sparse', 'sub/other name'])
        if (fs.existsSync(at(name))) expect(fs.readFileSync(at(name)).equals(fs.readFileSync(join(source, name)))).toBe(true);
      const report = await restore({ reader, to: out, conflict: 'overwrite' });
      expect(report.errors).toEqual([]);
      expect(names().filter((name) => name.includes('.holdfast-'))).toEqual([]);
      await same();
      if (!platform.dead()) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(8);
  });

  it('gives folders their modes and times though another run made them', async () => {
    const { reader } = await fixture.reader(vault);
    // As soon as the folder is there, before anything is in it.
    for (let calls = 1; !fs.existsSync(at('sub')); calls += 1)
      await restore({ reader, to: out, conflict: 'keep-both', platform: dyingPlatform(calls) }).catch(() => undefined);
    expect(fs.statSync(at('sub')).mode & 0o777).toBe(0o700);
    await run();
    await same();
  });
});

describe('a folder that a restore made', () => {
  const isMarked = (path: string): boolean =>
    currentPlatform()
      .extendedAttributes(Buffer.from(path))
      .some(({ name }) => name.toString() === 'user.holdfast.restoring');

  it('stays marked when the disk did not take all of its content, also by the mode and times that it has', async () => {
    const real = currentPlatform();
    const refusing = async (): Promise<never> => {
      throw new EngineError('io_failed', 'the disk did not take it');
    };
    await expect(run({ platform: { ...real, syncPath: refusing, syncAll: refusing } })).rejects.toMatchObject({ code: 'io_failed' });
    expect([at(), at('sub')].map(isMarked)).toEqual([true, true]);
    expect(fs.statSync(at('sub')).mode & 0o777).toBe(0o700);
    await run();
    expect([at(), at('sub')].map(isMarked)).toEqual([false, false]);
    await same();
  });

  it('is made durable once more after its mark is gone', async () => {
    const real = currentPlatform();
    const events: string[] = [];
    const platform: Platform = {
      ...real,
      removeExtendedAttribute: (path, name) => {
        events.push(`unmarked ${path.toString()}`);
        return real.removeExtendedAttribute(path, name);
      },
      syncPath: (path) => {
        events.push(`synced ${path.toString()}`);
        return real.syncPath(path);
      },
    };
    await run({ platform });
    for (const path of [at(), at('sub')]) {
      const unmarked = events.indexOf(`unmarked ${path}`);
      expect(unmarked).toBeGreaterThan(events.indexOf(`synced ${path}`));
      expect(events.lastIndexOf(`synced ${path}`)).toBeGreaterThan(unmarked);
    }
    const contentEnds = events.indexOf(`synced ${at('sub', 'large')}`);
    expect(contentEnds).toBeGreaterThanOrEqual(0);
    expect(events.findIndex((event) => event.startsWith('unmarked'))).toBeGreaterThan(contentEnds);
  });
});

describe('room on the disk', () => {
  it('is looked for before anything is written', async () => {
    const platform = { ...currentPlatform(), freeBytes: () => 4_000_000 };
    const failure = await run({ platform }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'disk_full', status: 'temporary', context: { freeBytes: 4_000_000 } });
    expect(fs.existsSync(out)).toBe(false);
    // Holes take none, and other names of a file take none.
    const enough = { ...platform, freeBytes: () => 7_520_000 };
    expect((await run({ platform: enough })).errors).toEqual([]);
    // What is there already needs none.
    expect((await run({ platform, conflict: 'overwrite' })).errors).toEqual([]);
    fs.rmSync(out, { recursive: true });
    expect((await run({ platform, ignoreFreeSpace: true })).errors).toEqual([]);
  });
});

describe('writing threads', () => {
  it('give what one thread gives', async () => {
    const nasty = join(source, 'nasty');
    fs.mkdirSync(nasty);
    makeNastyTree(nasty, 5);
    const equal = bytes(3_000_000);
    for (const name of ['same 1', 'same 2']) fs.writeFileSync(join(source, name), equal);
    for (let i = 0; i < 200; i += 1) fs.writeFileSync(join(source, `file ${i}`), bytes(2000 + (i % 9)));
    await backup({ vault, folders: [source], host: 'h', user: 'u', defaultExcludes: false });
    const report = await run({ workers: 2, verify: true });
    const alone = await run({ to: join(home, 'alone'), verify: true });
    const { placed: _1, notes: _2, ...counts } = report;
    const { placed: _3, notes: _4, ...expected } = alone;
    expect(counts).toEqual(expected);
    expect(report.errors).toEqual([]);
    await same();
    expect(await run({ workers: 2, conflict: 'overwrite' })).toMatchObject({ files: 0, bytesFetched: 0, errorCount: 0 });
  });

  it('stop at the signal and leave no half files', async () => {
    fs.writeFileSync(join(source, 'larger'), bytes(17 << 20));
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
    const stop = new AbortController();
    const stopping = run({
      workers: 2,
      signal: stop.signal,
      onProgress: ({ bytesDone }) => void (bytesDone > 0 && stop.abort()),
      progressIntervalMs: 0,
    });
    await expect(stopping).rejects.toMatchObject({ code: 'interrupted' });
    const left = fs.existsSync(out) ? (fs.readdirSync(out, { recursive: true }) as string[]) : [];
    expect(left.filter((name) => name.includes('.holdfast-'))).toEqual([]);
    expect((await run({ workers: 2 })).errors).toEqual([]);
    await same();
  });
});

describe('a lost list of names', () => {
  it('costs its folder only', async () => {
    const { reader } = await fixture.reader(vault);
    const sub = await reader.entry(await reader.snapshot('latest'), join(source, 'sub'));
    const place = reader.locate(sub.tree!)!;
    const pack = reader.packs.get(place.ordinal)!;
    const opened = await fixture.reader(vault);
    const open = opened.reader.opener.open.bind(opened.reader.opener);
    opened.reader.opener.open = (p, kind, id, where, sealed) => {
      if (kind === 'tree' && p.packId === pack.packId && where.offset === place.offset) sealed = sealed.map((byte) => byte ^ 1);
      return open(p, kind, id, where, sealed);
    };
    const report = await restore({ ...opened, to: out, conflict: 'overwrite' });
    expect(report.errors).toEqual([expect.objectContaining({ path: at('sub'), code: 'chunk_corrupt' })]);
    expect(fs.readFileSync(at('small'), 'utf8')).toBe('small as it was');
    expect(fs.existsSync(at('sparse'))).toBe(true);
  });
});
