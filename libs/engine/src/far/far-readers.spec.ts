import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FarMount, farMounts } from '#libs/kernel/far-mounts';
import { backup, type BackupOptions, compareTrees, type LocalVault, restore } from '../index.ts';
import { currentPlatform } from '../platform/index.ts';
import { fileError } from '../platform/system-error.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { describeWithMounts, hangingMounts } from '../testing/hanging-mounts.ts';
import { makeNastyTree } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';
import { farLimits } from './far-limits.ts';
import { FarReaders } from './far-readers.ts';

jest.setTimeout(120_000);
const folder = temporaryFolders();
let home: string;
let source: string;
let fixture: VaultFixture;
let vault: LocalVault;

beforeEach(async () => {
  home = await folder('far');
  source = join(home, 'source');
  mkdirSync(join(source, 'remote'), { recursive: true });
  writeFileSync(join(source, 'notes'), 'kept');
  fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
  vault = await fixture.create();
});

const run = (folders: string[], options: Partial<BackupOptions> = {}) =>
  backup({ vault, folders, host: 'h', user: 'u', defaultExcludes: false, ...options });

async function restored(): Promise<string> {
  const to = join(home, `out-${vault.head.snapshots.length}`);
  const { errors } = await restore({ ...(await fixture.reader(vault)), to, conflict: 'fail' });
  expect(errors.filter(({ code }) => code !== 'not_captured')).toEqual([]);
  return to;
}

/** Folders of this disk that count as far mounts. */
const asFar = (...points: string[]): FarMount[] => points.map((point) => ({ point, kind: 'fuse.test', device: 1n }));

/** Processes that were started for it and are there still. */
function farProcesses(): number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('far-process');
    } catch {
      return false;
    }
  });
}

describe('what another process reads', () => {
  it('is the same to the last attribute as what this one does', async () => {
    makeNastyTree(join(source, 'remote'));
    writeFileSync(join(source, 'remote', 'large'), Buffer.alloc(9_000_001, 'some content '));
    const mounts = asFar(join(source, 'remote'));
    const far = new FarReaders({ mounts });
    const { snapshot, problems } = await run([source], { far });
    const to = await restored();
    expect(await compareTrees(source, join(to, source))).toEqual([]);
    // And then there is nothing to read again, by either.
    const again = await run([source], { far });
    far.close();
    const near = await run([source]);
    for (const next of [again, near])
      expect(next.snapshot.stats).toMatchObject({ readBytes: 0, newChunks: 0, files: snapshot.stats.files });
    expect(again.problems).toEqual(problems);
  });

  it('may be what was named, by way of a link, and have rules and another far mount in it', async () => {
    const remote = join(source, 'remote');
    mkdirSync(join(remote, 'inner', 'deep'), { recursive: true });
    for (const name of ['kept', 'left-out', 'inner/deep/file']) writeFileSync(join(remote, name), name);
    writeFileSync(join(remote, '.holdfastignore'), 'left-out\n');
    symlinkSync(source, join(home, 'link'));
    const far = new FarReaders({ mounts: asFar(remote, join(remote, 'inner')) });
    const asked = jest.spyOn(far, 'readerOf');
    const { snapshot, problems } = await run([join(home, 'link', 'remote')], { far });
    far.close();
    expect(problems).toEqual([]);
    expect(snapshot.stats).toMatchObject({ files: 3, directories: 3, errors: 0 });
    expect(new Set(asked.mock.calls.map(([{ point }]) => point))).toEqual(new Set([remote, join(remote, 'inner')]));
    expect(readdirSync(join(await restored(), home, 'link', 'remote')).sort()).toEqual(['.holdfastignore', 'inner', 'kept']);
  });

  it('costs nothing where no far mount is at or below what was named', async () => {
    const far = new FarReaders({ mounts: asFar('/nowhere', join(home, 'elsewhere'), `${source}s`) });
    const asked = jest.spyOn(far, 'readerOf');
    // Those that an earlier test let go of may still be ending.
    const before = farProcesses();
    expect((await run([source], { far })).snapshot.stats.files).toBe(1);
    expect(asked).not.toHaveBeenCalled();
    expect(farProcesses().filter((pid) => !before.includes(pid))).toEqual([]);
  });

  it('is not asked about what is left out anyway', async () => {
    const far = new FarReaders({ mounts: asFar(join(source, 'remote')) });
    const asked = jest.spyOn(far, 'readerOf');
    const excluded = await run([source], { far, excludes: ['remote/'] });
    expect(excluded.snapshot).toMatchObject({ partial: false, stats: { directories: 1, errors: 0 } });
    const { notes, problems } = await run([source], { far, oneFileSystem: true });
    expect([notes.map(({ code }) => code), problems]).toEqual([['other_file_system'], []]);
    expect(asked).not.toHaveBeenCalled();
  });

  it('makes a snapshot incomplete when a whole mount can not be looked at, unless it is somebody else’s', async () => {
    const mounts = asFar(join(source, 'remote'));
    const path = Buffer.from(join(source, 'remote'));
    for (const [system, code, partial] of [
      ['ENOTCONN', 'io_failed', true],
      ['EACCES', 'access_denied', false],
    ] as const) {
      const far = new FarReaders({ mounts });
      jest.spyOn(far.readerOf(mounts[0]!), 'facts').mockRejectedValue(fileError(system, path));
      const { problems, snapshot } = await run([source], { far });
      far.close();
      expect([problems.map((one) => one.code), snapshot.partial, snapshot.stats.files]).toEqual([[code], partial, 1]);
    }
  });

  it('goes on when the process is killed, without the file that it was at', async () => {
    for (const name of ['a', 'b', 'c']) writeFileSync(join(source, 'remote', name), Buffer.alloc(3_000_000, name));
    const far = new FarReaders({ mounts: asFar(join(source, 'remote')) });
    const reader = far.readerOf(asFar(join(source, 'remote'))[0]!);
    const path = Buffer.from(join(source, 'remote', 'a'));
    const file = await reader.open(path);
    for (const pid of farProcesses()) process.kill(pid, 'SIGKILL');
    await expect(file.read(Buffer.alloc(3_000_000))).rejects.toMatchObject({ code: 'not_answering' });
    await expect(file.end()).rejects.toMatchObject({ code: 'io_failed' });
    expect((await reader.facts(path)).sizeBytes).toBe(3_000_000);
    reader.close();
  });

  it('says what can’t be read by its own name', async () => {
    const far = new FarReaders({ mounts: asFar(join(source, 'remote')) });
    const reader = far.readerOf(asFar(join(source, 'remote'))[0]!);
    const gone = Buffer.from(join(source, 'remote', 'gone'));
    await expect(reader.facts(gone)).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(reader.open(gone)).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(reader.names(Buffer.from(join(source, 'notes')))).rejects.toMatchObject({ code: 'not_a_folder' });
    expect(reader.isIdle).toBe(true);
    far.close();
  });
});

describeWithMounts('a mount that hangs', () => {
  const mounted = hangingMounts();
  /** Of silence: enough for a machine that is busy with other things. */
  const silentMs = 4_000;
  const remote = () => join(source, 'remote');
  const codes = ({ problems }: { problems: readonly { path: string; code: string }[] }) => problems.map(({ path, code }) => [path, code]);

  it('costs a backup some seconds and a note, and leaves this thread free meanwhile', async () => {
    await mounted(remote(), 'nothing');
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 20);
    const far = new FarReaders({ silentMs: 1_000 });
    const result = await run([source], { far });
    clearInterval(turning);
    expect(codes(result)).toEqual([[remote(), 'not_answering']]);
    expect(result.snapshot).toMatchObject({ partial: true, stats: { files: 1, errors: 1 } });
    expect(turns).toBeGreaterThan(10);
    // Named itself, or what is below it; and not waited for again.
    for (const named of [remote(), join(remote(), 'below')])
      await expect(run([named], { far })).rejects.toMatchObject({
        ...{ code: 'not_answering', status: 'temporary' },
        message: `${named}: the fuse.holdfast file system at ${remote()} does not answer`,
      });
    const both = await run([remote(), join(source, 'notes')], { far });
    expect([codes(both), both.snapshot.partial, both.snapshot.stats.files]).toEqual([[[remote(), 'not_answering']], true, 1]);
    far.close();
    expect(readdirSync(join(await restored(), source))).toEqual(['notes']);
    // Nor by the next run, as long as the process of this one is held there.
    const processes = farProcesses();
    const later = await run([source], { silentMs: 3_600_000 });
    // Others that an earlier test let go of may end meanwhile.
    expect([codes(later), farProcesses().filter((pid) => !processes.includes(pid))]).toEqual([[[remote(), 'not_answering']], []]);
  });

  it('is taken whole as long as it answers', async () => {
    await mounted(remote(), 'all');
    const result = await run([source]);
    expect([codes(result), result.snapshot.partial]).toEqual([[], false]);
    const to = join(await restored(), remote());
    expect(readdirSync(to).sort()).toEqual(['.holdfastignore', 'a', 'b-large', 'c', 'z']);
    expect(readFileSync(join(to, 'b-large')).equals(Buffer.alloc(3 * 1024 * 1024, 'large '))).toBe(true);
  });

  it('is taken as far as it answered when it begins to hang at a file', async () => {
    await mounted(remote(), 'until-reading');
    const result = await run([source], { far: new FarReaders({ silentMs }) });
    const silent = codes(result);
    expect(silent).toContainEqual([join(remote(), 'b-large'), 'not_answering']);
    expect(silent).toContainEqual([join(remote(), 'c'), 'not_answering']);
    expect(silent).not.toContainEqual([join(remote(), 'a'), 'not_answering']);
    expect(result.snapshot.partial).toBe(true);
    const to = await restored();
    expect(readFileSync(join(to, source, 'notes'), 'utf8')).toBe('kept');
    expect(readFileSync(join(to, remote(), 'a'), 'utf8')).toBe('first');
  });

  it('is taken as far as it answered when it begins to hang at a folder', async () => {
    await mounted(remote(), 'until-folder');
    const result = await run([source], { far: new FarReaders({ silentMs }) });
    expect(codes(result)).toContainEqual([join(remote(), 'z'), 'not_answering']);
    expect(result.snapshot.partial).toBe(true);
    expect(readFileSync(join(await restored(), remote(), 'a'), 'utf8')).toBe('first');
  });

  it('is not followed into by a link that was named', async () => {
    await mounted(remote(), 'nothing');
    symlinkSync(join(remote(), 'me'), join(home, 'share'));
    const far = new FarReaders({ silentMs: 1_000 });
    const neverEnter = [Buffer.from(join(home, 'own-data'))];
    const { snapshot, problems } = await run([join(home, 'share'), join(source, 'notes')], { far, neverEnter });
    far.close();
    expect([problems, snapshot.partial, snapshot.stats.files]).toEqual([[], false, 1]);
  });

  it('does not keep a run from being stopped', async () => {
    await mounted(remote(), 'nothing');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 500);
    await expect(run([source], { signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('is asked for several names at once where it is slow, and what it says stays in order', async () => {
    await mounted(remote(), 'slowly');
    const far = new FarReaders({ silentMs });
    const reader = far.readerOf(far.mountOn(Buffer.from(remote()))!);
    const names = Array.from({ length: 300 }, (_, i) => (i % 50 === 7 ? `gone ${i}` : `s${i}`));
    const found = await reader.factsOfAll(names.map((name) => Buffer.from(join(remote(), name))));
    const said = found.map((one) => (one instanceof Error ? one.code : one.sizeBytes));
    expect(said).toEqual(names.map((name, i) => (name.startsWith('gone') ? 'file_not_found' : `slow ${i}`.length)));
    const most = await reader.facts(Buffer.from(join(remote(), 'most')));
    expect(most.sizeBytes).toBeGreaterThan(4);
    expect(most.sizeBytes).toBeLessThanOrEqual(farLimits.looksAtOnce);
    const { snapshot } = await run([source], { far });
    expect(snapshot).toMatchObject({ partial: false, stats: { errors: 0 } });
    expect(readFileSync(join(await restored(), remote(), 's299'), 'utf8')).toBe('slow 299');
    far.close();
  });

  it('is in the list of mounts', async () => {
    await mounted(remote(), 'all');
    const device = currentPlatform().facts(Buffer.from(remote())).device;
    expect(farMounts()).toContainEqual({ point: remote(), kind: 'fuse.holdfast', device });
  });
});
