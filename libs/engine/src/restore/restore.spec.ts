import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { BlockSource } from '#libs/vault';
import { limits, TreeWriter } from '#libs/vault';
import { nodePrimitives } from '#libs/crypto/node';
import { backup, compareTrees, currentPlatform, type LocalVault, type Platform, restore, type RestoreOptions } from '../index.ts';
import { fileError } from '../platform/system-error.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

jest.setTimeout(60_000);
const folder = temporaryFolders();
const bytes = seededBytes(4);
let home: string;
let source: string;
let out: string;
let fixture: VaultFixture;
let vault: LocalVault;

beforeEach(async () => {
  home = await folder();
  source = join(home, 'source');
  out = join(home, 'out');
  fs.mkdirSync(join(source, 'sub'), { recursive: true });
  fs.writeFileSync(join(source, 'a.txt'), 'the a of the snapshot');
  fs.writeFileSync(join(source, 'sub', 'b'), bytes(300_000));
  fs.writeFileSync(join(source, 'sub', 'c'), bytes(5_000_000));
  fs.linkSync(join(source, 'sub', 'b'), join(source, 'sub', 'b again'));
  fs.symlinkSync('a.txt', join(source, 'link'));
  fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
  vault = await fixture.create();
  await backup({ vault, folders: [source], host: 'h', user: 'u' });
});

const run = async (options: Partial<RestoreOptions> = {}, sources?: BlockSource[]) =>
  restore({ ...(await fixture.reader(vault, sources)), to: out, conflict: 'fail', ...options });
/** Has the packs, but not on this machine. */
const aHolder = (): BlockSource => {
  const { store } = fixture;
  return { name: store.name, rootBlock: (...args) => store.rootBlock(...args), leaves: (...args) => store.leaves(...args) };
};
const at = (...names: string[]): string => join(out, source, ...names);

describe('what is restored', () => {
  it('paths of a snapshot with only the packs that they need', async () => {
    const report = await run({ paths: [join(source, 'sub', 'b'), join(source, 'link')] });
    expect(report).toMatchObject({ files: 1, others: 1, directories: 0, bytes: 300_000, packsNeeded: 1, packsFetched: 1, errorCount: 0 });
    expect(fs.readFileSync(at('sub', 'b'))).toEqual(fs.readFileSync(join(source, 'sub', 'b')));
    expect(fs.existsSync(at('a.txt'))).toBe(false);
    expect(await run({ paths: [join(source, 'nothing')] }).catch((error: { code: string }) => error.code)).toBe('path_not_found');
  });

  it('a snapshot of the whole file system', async () => {
    // All but the test's folder left out: what matters is that the root has no name.
    const top = source.split('/')[1]!;
    const keep = source
      .split('/')
      .slice(1)
      .flatMap((_, i, parts) => [`/${parts.slice(0, i).join('/')}${i > 0 ? '/' : ''}*`, `!/${parts.slice(0, i + 1).join('/')}`]);
    await backup({ vault, folders: ['/'], excludes: keep, host: 'h', user: 'u', defaultExcludes: false });
    const report = await run();
    expect(report.errors).toEqual([]);
    expect(fs.readdirSync(out)).toEqual([top]);
    expect(await compareTrees(source, at())).toEqual([]);
  });

  it("a user's attributes of files that are read-only by their mode, which only the superuser could set afterwards", async () => {
    const real = currentPlatform();
    const path = join(source, 'a.txt');
    real.setExtendedAttribute(Buffer.from(path), { name: Buffer.from('user.kept'), value: Buffer.from('1') });
    fs.chmodSync(path, 0o444);
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
    const platform: Platform = {
      ...real,
      setExtendedAttribute: (file, attribute) =>
        (real.facts(file).mode & 0o200) === 0 ? 'unsupported' : real.setExtendedAttribute(file, attribute),
    };
    expect((await run({ platform })).notes.filter(({ code }) => code.startsWith('attribute'))).toEqual([]);
    expect(await compareTrees(source, at())).toEqual([]);
  });

  it('is durable on every file system that it goes to, also on one that is mounted below', async () => {
    const real = currentPlatform();
    const deviceOf = (path: Buffer, device: bigint): bigint => (path.toString().startsWith(at('sub')) ? 77n : device);
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
    expect((await run({ platform })).errors).toEqual([]);
    expect(synced).toContain(at('sub'));
    expect(synced.some((path) => !path.startsWith(at('sub')))).toBe(true);
  });

  it('the same where files can not be made whole, and never over a file that came meanwhile', async () => {
    for (let n = 0; n < 5; n += 1) fs.writeFileSync(join(source, `small-${n}`), bytes(100 * n));
    await backup({ vault, folders: [source], host: 'h', user: 'u' });
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
    expect((await run({ platform: placing(() => undefined) })).errors).toEqual([]);
    expect(asked.length > 2).toBe(process.platform === 'linux');
    expect(await compareTrees(source, at())).toEqual([]);

    unable = false;
    out = `${out}-raced`;
    asked.length = 0;
    const report = await run({ conflict: 'overwrite', platform: placing((path) => fs.writeFileSync(path, 'of somebody else')) });
    expect(report.errors.map(({ path, code }) => [path, code])).toEqual(asked.map((path) => [path, 'file_exists']));
    for (const path of asked) expect(fs.readFileSync(path, 'utf8')).toBe('of somebody else');
    // Once it is seen there, the rule says what becomes of it.
    expect((await run({ conflict: 'overwrite' })).errors).toEqual([]);
    expect(await compareTrees(source, at())).toEqual([]);
  });

  it('further names of a file as files of their own where there can be no links', async () => {
    const platform: Platform = {
      ...currentPlatform(),
      hardLink: (existing) => {
        throw fileError('EPERM', existing);
      },
    };
    const report = await run({ platform });
    expect(report.errors).toEqual([]);
    expect(report.notes).toEqual([expect.objectContaining({ code: 'link_not_restored', path: at('sub', 'b again') })]);
    expect((await compareTrees(source, at())).every(({ aspect }) => aspect === 'hard-links')).toBe(true);
    expect(fs.readFileSync(at('sub', 'b again'))).toEqual(fs.readFileSync(join(source, 'sub', 'b')));
    expect(fs.readdirSync(at('sub')).filter((name) => name.startsWith('.holdfast'))).toEqual([]);
    expect(await run({ platform, conflict: 'overwrite' })).toMatchObject({ errors: [] });
  });

  it('counts without writing in a dry run', async () => {
    const report = await run({ dryRun: true });
    expect(report).toMatchObject({ files: 4, directories: 2, others: 1, bytes: 5_300_021, packsFetched: 0 });
    expect(report.packsNeeded).toBeGreaterThan(1);
    expect(report.bytesFetched).toBeGreaterThan(5_300_000);
    expect(fs.existsSync(out)).toBe(false);
  });

  it('the original places', async () => {
    fs.renameSync(source, join(home, 'kept'));
    const { to: _, ...options } = { to: undefined };
    const opened = await fixture.reader(vault);
    const report = await restore({ ...opened, conflict: 'fail', ...options });
    expect(report.placed).toEqual([{ from: source, to: source }]);
    expect(await compareTrees(join(home, 'kept'), source)).toEqual([]);
  });

  it('goes on after an interruption without fetching what is there', async () => {
    await run();
    fs.rmSync(at('sub', 'c'));
    const report = await run({ conflict: 'overwrite' });
    expect(report).toMatchObject({ files: 1, filesUnchanged: 4, bytes: 5_000_000 });
    expect(await compareTrees(source, at())).toEqual([]);
  });

  it('leaves nothing behind when stopped', async () => {
    const stop = new AbortController();
    stop.abort();
    await expect(run({ signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
    const later = new AbortController();
    const stopping: BlockSource = { ...aHolder(), leaves: (...args) => (armed && later.abort(), fixture.store.leaves(...args)) };
    let armed = false;
    const opened = await fixture.reader(vault, [stopping]);
    armed = true;
    await expect(restore({ ...opened, to: out, conflict: 'fail', signal: later.signal })).rejects.toMatchObject({ code: 'interrupted' });
    const left = fs.existsSync(out)
      ? (fs.readdirSync(out, { recursive: true }) as string[]).filter((name) => name.includes('.holdfast-'))
      : [];
    expect(left).toEqual([]);
  });
});

describe('what is there already', () => {
  const before = (): void => {
    fs.mkdirSync(at('sub'), { recursive: true });
    fs.writeFileSync(at('a.txt'), 'mine');
    fs.writeFileSync(at('other'), 'untouched');
  };

  it.each([
    ['overwrite', 'the a of the snapshot', []],
    ['skip', 'mine', []],
    ['keep-both', 'mine', [expect.stringMatching(/^a \(restored \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\)\.txt$/)]],
  ] as const)('%s', async (conflict, content, kept) => {
    before();
    const report = await run({ conflict });
    expect(report.errors).toEqual([]);
    expect(fs.readFileSync(at('a.txt'), 'utf8')).toBe(content);
    expect(fs.readFileSync(at('other'), 'utf8')).toBe('untouched');
    expect(fs.readFileSync(at('sub', 'b'))).toEqual(fs.readFileSync(join(source, 'sub', 'b')));
    const names = fs.readdirSync(at()).filter((name) => name.startsWith('a ('));
    expect(names).toEqual(kept);
    for (const name of names) expect(fs.readFileSync(at(name), 'utf8')).toBe('the a of the snapshot');
    expect(report.filesSkipped).toBe(conflict === 'skip' ? 1 : 0);
  });

  it('fail writes nothing at all', async () => {
    before();
    await expect(run({ conflict: 'fail' })).rejects.toMatchObject({ code: 'conflict', context: { path: at('a.txt') } });
    expect(fs.readdirSync(at()).sort()).toEqual(['a.txt', 'other', 'sub']);
    expect(fs.readdirSync(at('sub'))).toEqual([]);
  });

  it('a folder in the way of a file stays', async () => {
    fs.mkdirSync(at('a.txt'), { recursive: true });
    const report = await run({ conflict: 'overwrite' });
    expect(report.errors).toEqual([expect.objectContaining({ code: 'conflict', path: at('a.txt') })]);
    expect(report.files).toBe(3);
  });
});

describe('it never writes elsewhere', () => {
  it.each(['overwrite', 'skip', 'keep-both'] as const)('through a link that stands where a folder belongs (%s)', async (conflict) => {
    const elsewhere = join(home, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.mkdirSync(at(), { recursive: true });
    fs.symlinkSync(elsewhere, at('sub'));
    const report = await run({ conflict });
    expect(fs.readdirSync(elsewhere)).toEqual([]);
    if (conflict === 'overwrite') expect(report.errors).toEqual([expect.objectContaining({ code: 'symlink_in_path', path: at('sub') })]);
    expect(fs.lstatSync(at('sub')).isSymbolicLink()).toBe(true);
  });

  it('through a link above, below the chosen folder', async () => {
    const elsewhere = join(home, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.mkdirSync(out);
    fs.symlinkSync(elsewhere, join(out, source.split('/')[1]!));
    await expect(run({ conflict: 'overwrite' })).rejects.toMatchObject({ code: 'destination_invalid' });
    expect(fs.readdirSync(elsewhere)).toEqual([]);
  });

  it('through a link that somebody puts there meanwhile', async () => {
    const elsewhere = join(home, 'elsewhere');
    fs.mkdirSync(elsewhere);
    const real = currentPlatform();
    const platform: Platform = {
      ...real,
      create(path) {
        // After the first file was begun the folder `sub` is exchanged for a link.
        if (fs.existsSync(at('sub')) && !fs.existsSync(at('moved'))) {
          fs.renameSync(at('sub'), at('moved'));
          fs.symlinkSync(elsewhere, at('sub'));
        }
        return real.create(path);
      },
    };
    const report = await run({ platform, conflict: 'overwrite' });
    expect(fs.readdirSync(elsewhere)).toEqual([]);
    expect(report.errors.map(({ code }) => code)).toContain('symlink_in_path');
  });

  it('under names that lead out of the folder', async () => {
    // A tree with such a name can't be written by TreeWriter; so the check of the restore stands for readers that are wrong.
    const writer = new TreeWriter({ primitives: nodePrimitives(), gearKey: new Uint8Array(32), store: async () => new Uint8Array(32) });
    await expect(
      writer.add({ name: Buffer.from('..'), type: 'fifo', mode: 0, uid: 0, gid: 0, mtimeNs: 0n, size: 0 }),
    ).rejects.toMatchObject({ code: 'unsafe_name' });
    const opened = await fixture.reader(vault);
    const reader = Object.create(opened.reader, {
      walk: {
        value: async function* (...args: Parameters<typeof opened.reader.walk>) {
          for await (const walked of opened.reader.walk(...args)) {
            yield walked;
            if (walked.entry.type !== 'directory') continue;
            for (const name of ['..', '../../evil', 'a\0b', '']) {
              const evil = { name: Buffer.from(name), type: 'fifo' as const, mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n, size: 0 };
              yield { ...walked, path: [...walked.path, evil.name], entry: evil };
            }
          }
        },
      },
      snapshot: { value: opened.reader.snapshot.bind(opened.reader) },
      latest: { value: opened.reader.latest.bind(opened.reader) },
      allChunksOf: { value: opened.reader.allChunksOf.bind(opened.reader) },
      packs: { value: opened.reader.packs },
      blocks: { value: opened.reader.blocks },
      opener: { value: opened.reader.opener },
      packOf: { value: opened.reader.packOf.bind(opened.reader) },
    }) as typeof opened.reader;
    const report = await restore({ reader, to: out, conflict: 'overwrite' });
    expect(report.errors).toHaveLength(8);
    expect(new Set(report.errors.map(({ code }) => code))).toEqual(new Set(['unsafe_name']));
    expect(report.files).toBe(4);
  });
});

describe('corruption', () => {
  /** Packs of the snapshot's file `sub/c`, as stored, with one bit flipped at `position` of the pack or its root. */
  const flippedIn = (positionOf: (size: number) => number, inRoot = false): BlockSource => {
    const flip = (block: Uint8Array, position: number): Uint8Array => {
      const copy = block.slice();
      copy[position] = copy[position]! ^ 4;
      return copy;
    };
    return {
      name: 'bad holder',
      async rootBlock(packId) {
        const root = await fixture.store.rootBlock(packId);
        return inRoot ? flip(root, root.length >> 1) : root;
      },
      async *leaves(packId, first, count) {
        const position = positionOf((await fixture.store.size(packId))!);
        let leaf = first;
        for await (const bytes of fixture.store.leaves(packId, first, count)) {
          const inside = Math.floor(position / limits.leafBytes) === leaf;
          yield inside && !inRoot ? flip(bytes, position % limits.leafBytes) : bytes;
          leaf += 1;
        }
      },
    };
  };
  const regions = [
    ['header', () => 3],
    ['nonce prefix', () => 30],
    ['first chunk', () => 60],
    ['a chunk in the middle', (size: number) => size >> 1],
    ['directory or padding', (size: number) => size - 100],
    ['trailer', (size: number) => size - 5],
  ] as const;

  it.each(regions)('in the %s of every pack is repaired from another holder', async (_, positionOf) => {
    const report = await run({ verify: true }, [flippedIn(positionOf), fixture.store]);
    expect(report.errors).toEqual([]);
    expect(report.corruptionsRepaired).toBeGreaterThan(0);
    expect(await compareTrees(source, at())).toEqual([]);
  });

  it('in the root block is repaired from another holder', async () => {
    const report = await run({}, [flippedIn(() => 0, true), fixture.store]);
    expect(report.errors).toEqual([]);
    expect(report.corruptionsRepaired).toBeGreaterThan(0);
    expect(await compareTrees(source, at())).toEqual([]);
  });

  it('without another holder names file, pack and holder; the other files still come', async () => {
    const { reader } = await fixture.reader(vault);
    const snapshot = await reader.snapshot('latest');
    const chunks = [];
    for await (const chunk of reader.chunksOf(await reader.entry(snapshot, join(source, 'sub', 'c')))) chunks.push(chunk);
    const bad = chunks[1]!;
    const { packId } = reader.packs.get(bad.ordinal)!;
    const damaged: BlockSource = {
      ...aHolder(),
      name: "Ada's laptop",
      async *leaves(id, first, count) {
        let leaf = first;
        for await (const bytes of fixture.store.leaves(id, first, count)) {
          const copy = bytes.slice();
          const position = bad.offset + 5 - leaf * limits.leafBytes;
          if (id === packId && position >= 0 && position < copy.length) copy[position]! ^= 1;
          yield copy;
          leaf += 1;
        }
      },
    };
    const report = await run({}, [damaged]);
    const failed = report.errors.find(({ path }) => path === at('sub', 'c'));
    expect(failed).toMatchObject({ code: 'block_corrupt' });
    expect(failed!.message).toContain(packId);
    expect(failed!.message).toContain("Ada's laptop");
    expect(fs.readFileSync(at('a.txt'), 'utf8')).toBe('the a of the snapshot');
    expect(fs.existsSync(at('sub', 'c'))).toBe(false);
    expect(fs.readdirSync(at('sub')).filter((name) => name.startsWith('.holdfast'))).toEqual([]);
  });

  it('of a pack that nobody has fails its files only', async () => {
    const { reader } = await fixture.reader(vault);
    const snapshot = await reader.snapshot('latest');
    const chunk = await reader.chunksOf(await reader.entry(snapshot, join(source, 'a.txt'))).next();
    const lost = reader.packs.get(chunk.value!.ordinal)!.packId;
    const without: BlockSource = {
      ...aHolder(),
      name: 'holder without it',
      rootBlock: (id, options) => (id === lost ? Promise.reject(Object.assign(new Error('gone'))) : fixture.store.rootBlock(id, options)),
    };
    const report = await run({}, [without]);
    expect(report.errors.length).toBeGreaterThan(0);
    expect(report.errors.map(({ path }) => path)).toContain(at('a.txt'));
    expect(report.files + report.errorCount).toBe(4);
  });
});
