import { beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { BlockSource, LocatedChunk } from '#libs/vault';
import { backup, compareTrees, currentPlatform, type LocalVault, type Platform, restore, type RestoreOptions } from '../index.ts';
import type { OpenFile } from '../platform/index.ts';
import { changedFile } from '../testing/changed-file.ts';
import { fileError } from '../platform/system-error.ts';
import { dyingPlatform } from '../testing/dying-platform.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';
import { restoreLimits } from './limits.ts';

jest.setTimeout(120_000);
const folder = temporaryFolders();
const bytes = seededBytes(41);
const large = restoreLimits.uncachedFromBytes;
let home: string;
let source: string;
let out: string;
let fixture: VaultFixture;
let vault: LocalVault;
let round = 0;

beforeAll(async () => {
  home = await folder('large');
  source = join(home, 'source');
  fs.mkdirSync(source);
  const random = bytes(large + 12_345);
  fs.writeFileSync(join(source, 'random'), random);
  // Half of it compresses, and some of it is in the file twice.
  const text = Buffer.from(Array.from({ length: 200_000 }, (_, n) => `line ${n} of many, ${n % 7}\n`).join(''));
  fs.writeFileSync(join(source, 'mixed'), Buffer.concat([text, random.subarray(0, 9_000_000), text, random.subarray(0, 3_000_001)]));
  fs.writeFileSync(join(source, 'small'), bytes(70_000));
  fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
  vault = await fixture.create();
  await backup({ vault, folders: [source], host: 'h', user: 'u' });
});

beforeEach(() => {
  round += 1;
  out = join(home, `out${round}`);
});

const run = async (options: Partial<RestoreOptions> = {}, sources?: BlockSource[]) =>
  restore({ ...(await fixture.reader(vault, sources)), to: out, conflict: 'overwrite', ...options });
const at = (...names: string[]): string => join(out, source, ...names);
const same = async (): Promise<void> => expect(await compareTrees(source, at())).toEqual([]);

/** The real platform with another way of {@link OpenFile.writeLater}. */
function platformWriting(writeLater: (file: OpenFile, bytes: Uint8Array, position: number) => Promise<void>): Platform {
  const real = currentPlatform();
  return {
    ...real,
    holdFolder: (path) => {
      const held = real.holdFolder(path);
      return {
        ...held,
        openToWrite: (name) => {
          const file = held.openToWrite(name);
          return changedFile(file, { writeLater: (from, position) => writeLater(file, from, position) });
        },
      };
    },
  };
}

describe('large files', () => {
  it.each([0, 2])('come back byte for byte with %i threads', async (workers) => {
    expect(await run({ workers })).toMatchObject({ files: 3, errorCount: 0 });
    await same();
  });

  it('come back where nothing can be written past the page cache, in few writes', async () => {
    let calls = 0;
    const usual = platformWriting(async (file, from, position) => {
      calls += 1;
      file.write(from, position);
    });
    expect(await run({ platform: usual })).toMatchObject({ files: 3, errorCount: 0 });
    await same();
    expect(calls).toBeGreaterThan(5);
    expect(calls).toBeLessThan(60);
  });

  it.each([
    ['written', async () => undefined],
    ['refused', async () => Promise.reject(fileError('EIO', Buffer.from('x')))],
    ['ended by a full disk', async () => Promise.reject(fileError('ENOSPC', Buffer.from('x')))],
  ])('stay open for the next stretch of a run, and are closed as often as they are opened, when they are %s', async (how, end) => {
    const counts = { opened: 0, closed: 0, stretches: 0 };
    const files = new Set<OpenFile>();
    const real = currentPlatform();
    const platform: Platform = {
      ...real,
      holdFolder: (path) => {
        const held = real.holdFolder(path);
        const openToWrite = (name: Buffer): OpenFile => {
          const file = held.openToWrite(name);
          counts.opened += 1;
          return changedFile(file, {
            writeLater: async (from, position) => {
              counts.stretches += 1;
              files.add(file);
              await end();
              file.write(from, position);
            },
            close: () => {
              counts.closed += 1;
              file.close();
            },
          });
        };
        return { ...held, openToWrite };
      },
    };
    const outcome = await run({ platform }).catch((error: unknown) => error);
    expect(outcome).toMatchObject(
      { written: { errorCount: 0 }, refused: { errorCount: 2 }, 'ended by a full disk': { code: 'disk_full' } }[how]!,
    );
    expect(counts.stretches).toBeGreaterThan(0);
    expect(counts.closed).toBe(counts.opened);
    if (how === 'written') expect(files.size).toBeLessThan(counts.stretches);
  });

  it('end the restore when the disk is full, and only their file when it fails otherwise', async () => {
    const full = platformWriting(async () => Promise.reject(fileError('ENOSPC', Buffer.from('x'))));
    await expect(run({ platform: full })).rejects.toMatchObject({ code: 'disk_full' });
    expect(fs.readdirSync(at())).toEqual([]);
    const bad = platformWriting(async () => Promise.reject(fileError('EIO', Buffer.from('x'))));
    const report = await run({ platform: bad });
    expect(report.errors.map(({ path, code }) => `${code} ${path}`).sort()).toEqual([
      `io_failed ${at('mixed')}`,
      `io_failed ${at('random')}`,
    ]);
    expect(fs.readdirSync(at())).toEqual(['small']);
  });

  it('are whole or not there when a restore is killed, and the next one goes on', async () => {
    let deaths = 0;
    for (let calls = 5; ; calls += 17) {
      const dying = dyingPlatform(calls);
      const end = await run({ platform: dying }).catch((error: unknown) => error);
      if (!dying.dead()) break;
      deaths += 1;
      expect(String(end)).toContain('killed');
      if (!fs.existsSync(at())) continue;
      for (const name of fs.readdirSync(at()).filter((one) => !one.startsWith('.holdfast-')))
        expect(fs.readFileSync(at(name)).equals(fs.readFileSync(join(source, name)))).toBe(true);
    }
    expect(deaths).toBeGreaterThan(2);
    expect((await run()).errors).toEqual([]);
    await same();
  });
});

describe('packs on this disk that are damaged', () => {
  let damaged: string;
  let chunks: LocatedChunk[];
  beforeEach(async () => {
    damaged = join(home, `damaged${round}`);
    fs.cpSync(join(home, 'packs'), damaged, { recursive: true });
    const { reader } = await fixture.reader(vault);
    const snapshot = await reader.snapshot('latest');
    chunks = [];
    for (const name of ['random', 'small']) {
      const ofFile = [...(await reader.allChunksOf(await reader.entry(snapshot, join(source, name))))];
      chunks.push(ofFile[ofFile.length >> 1]!);
    }
  });
  const packOf = async ({ ordinal }: LocatedChunk): Promise<string> => {
    const { reader } = await fixture.reader(vault);
    return join(damaged, reader.packs.get(ordinal)!.packId);
  };
  const flip = async (chunk: LocatedChunk): Promise<void> => {
    const file = fs.openSync(await packOf(chunk), 'r+');
    const byte = Buffer.alloc(1);
    const position = chunk.offset + (chunk.sealedLength >> 1);
    fs.readSync(file, byte, 0, 1, position);
    fs.writeSync(file, Buffer.of(byte[0]! ^ 1), 0, 1, position);
    fs.closeSync(file);
  };

  it.each([0, 2])('are made up for by another holder, and named: %i threads', async (workers) => {
    for (const chunk of chunks) await flip(chunk);
    const disk = filePackStore(damaged);
    const opened = await fixture.reader(vault, [disk, { ...fixture.store, name: 'Ada' }]);
    const report = await restore({ ...opened, to: out, conflict: 'fail', workers });
    expect(report.errors).toEqual([]);
    await same();
    expect(report.corruptionsRepaired).toBeGreaterThan(0);
    expect(new Set(opened.rejected.map(({ source: name, code }) => `${name}: ${code}`))).toEqual(new Set(['local store: block_corrupt']));
  });

  it('are made up for by another holder when they were cut short, or are gone', async () => {
    fs.truncateSync(await packOf(chunks[0]!), 300_000);
    fs.rmSync(await packOf(chunks[1]!), { force: true });
    const report = await run({}, [filePackStore(damaged), { ...fixture.store, name: 'Ada' }]);
    expect(report.errors).toEqual([]);
    await same();
  });

  it('fail the files that need the damaged chunk, by pack and holder, and no others, when nobody else has it', async () => {
    await flip(chunks[0]!);
    const report = await run({}, [filePackStore(damaged)]);
    const failed = report.errors.map(({ path }) => path);
    expect(failed).toContain(at('random'));
    expect(failed).not.toContain(at('small'));
    expect(report.errors[0]).toMatchObject({ code: 'block_corrupt', message: expect.stringMatching(/pack .*local store/) });
    expect(fs.readFileSync(at('small')).equals(fs.readFileSync(join(source, 'small')))).toBe(true);
    expect(fs.readdirSync(at()).filter((name) => name.startsWith('.holdfast-'))).toEqual([]);
  });
});
