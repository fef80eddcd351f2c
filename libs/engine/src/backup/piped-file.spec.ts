import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backup, type LocalVault, type PipedFile, restore } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';
import { watchedPlatform } from '../testing/watched-platform.ts';

jest.setTimeout(60_000);
const folder = temporaryFolders();
let home: string;
let fixture: VaultFixture;
let vault: LocalVault;

beforeEach(async () => {
  home = await folder();
  fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
  vault = await fixture.create();
});

/** `content` in pieces of changing sizes, as a pipe gives them; then, perhaps, a failure. */
async function* pieces(content: Buffer, failure?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0, size = 1; at < content.length; at += size, size = (size * 7 + 3) % 70_000) yield content.subarray(at, at + size);
  if (failure) throw failure;
}
const run = (piped: PipedFile, signal?: AbortSignal) =>
  backup({ vault, folders: [], piped, host: 'host', user: 'user', ...(signal && { signal }) });
async function restored(name: string): Promise<Buffer> {
  const report = await restore({
    ...(await fixture.reader(vault)),
    to: join(home, `out-${vault.head.snapshots.length}`),
    conflict: 'fail',
    verify: true,
  });
  expect(report).toMatchObject({ errorCount: 0, files: 1 });
  const file = join(home, `out-${vault.head.snapshots.length}`, 'stdin', name);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  return readFileSync(file);
}

describe('a piped file', () => {
  it.each([0, 1, 300_000, 14_000_000])('of %d bytes comes back as it was', async (length) => {
    const content = seededBytes(length)(length);
    const { snapshot, problems } = await run({ name: 'dump.sql', content: pieces(content) });
    expect(problems).toEqual([]);
    expect(snapshot).toMatchObject({ partial: false, stats: { files: 1, bytes: length, newFiles: 1, errors: 0 } });
    expect((await restored('dump.sql')).equals(content)).toBe(true);
  });

  it('shares its chunks with the one before, however the pieces fall', async () => {
    const content = seededBytes(1)(9_000_000);
    await run({ name: 'dump', content: pieces(content) });
    const edited = Buffer.concat([Buffer.from('-- a new first line\n'), content]);
    const { snapshot } = await run({ name: 'dump', content: pieces(edited) });
    expect(snapshot.stats.newPackBytes).toBeLessThan(5_000_000);
    expect((await restored('dump')).equals(edited)).toBe(true);
  });

  it('whose pipe fails is kept as far as it came, and marked', async () => {
    const content = seededBytes(2)(700_000);
    const { snapshot, problems } = await run({ name: 'dump', content: pieces(content, new Error('pg_dump ended with 1')) });
    expect(problems).toEqual([
      { path: '/stdin/dump', code: 'input_incomplete', message: expect.stringMatching(/^pg_dump ended with 1.*700000 bytes/) },
    ]);
    expect(snapshot).toMatchObject({ partial: true, stats: { errors: 1 } });
    expect((await restored('dump')).equals(content)).toBe(true);
    const { reader } = await fixture.reader(vault);
    expect((await reader.snapshot('latest')).roots[0]!.entry.changedWhileRead).toBe(true);
  });

  it('is stopped by the signal, and no snapshot is made of it', async () => {
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let n = 0; ; n += 1) {
        if (n === 30) stop.abort();
        yield seededBytes(n)(100_000);
      }
    }
    await expect(run({ name: 'dump', content: endless() }, stop.signal)).rejects.toMatchObject({ code: 'interrupted' });
    expect(vault.head.snapshots).toEqual([]);
  });

  it.each(['..', 'a/b', '', 'n\0', 'x'.repeat(300)])('is refused under the name %j', async (name) => {
    await expect(run({ name, content: pieces(Buffer.alloc(1)) })).rejects.toMatchObject({ code: 'unsafe_name' });
  });

  it('does not make the next backup of the folders read everything again', async () => {
    const source = join(home, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'a'), 'unchanged');
    const folders = { vault, folders: [source], host: 'host', user: 'user' };
    await backup(folders);
    await run({ name: 'dump', content: pieces(Buffer.from('between')) });
    const opened: string[] = [];
    const { snapshot } = await backup({ ...folders, platform: watchedPlatform({ onOpen: (path) => opened.push(path) }) });
    expect(opened).toEqual([]);
    expect(snapshot.stats).toMatchObject({ unchangedFiles: 1, newFiles: 0 });
  });
});
