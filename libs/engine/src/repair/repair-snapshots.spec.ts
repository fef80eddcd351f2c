import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles, memoryFolder } from '#libs/kernel/testing';
import {
  backup,
  check,
  diffSnapshots,
  displayPath,
  dumpTar,
  type LocalVault,
  prune,
  repairIndex,
  repairSnapshots,
  restore,
  retainedSnapshots,
  setPinned,
} from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

jest.setTimeout(60_000);
const folder = temporaryFolders(memoryFolder());
let home: string;
let source: string;
let packFolder: string;
let fixture: VaultFixture;
let vault: LocalVault;
let bytes: ReturnType<typeof seededBytes>;
const write = (name: string, length: number): void => writeFileSync(join(source, name), bytes(length));
const run = () => backup({ vault, folders: [source], host: 'h', user: 'u' });

/** Data and tree packs that the last backup made. */
async function backupInto(): Promise<Record<'data' | 'meta', PackId[]>> {
  const { newPacks } = await run();
  const of = (wanted: string): PackId[] => newPacks.flatMap(({ kind, packId }) => (kind === wanted ? [packId] : []));
  return { data: of('data'), meta: of('meta') };
}

/** 1: kept. 2: also `gone` and `folder/inside`. 3: also `later`. 4: without what came with 2, so that no backup stores it again. */
let second: Record<'data' | 'meta', PackId[]>;

beforeEach(async () => {
  home = await folder('repair-snapshots');
  source = join(home, 'source');
  packFolder = join(home, 'state', 'packs');
  mkdirSync(join(source, 'sub'), { recursive: true });
  bytes = seededBytes(8);
  write('kept', 100_000);
  write(join('sub', 'deep'), 200_000);
  fixture = await vaultFixture(join(home, 'state', 'vault'), filePackStore(packFolder));
  vault = await fixture.create();
  await run();
  mkdirSync(join(source, 'folder'));
  write('gone', 300_000);
  write(join('folder', 'inside'), 10_000);
  second = await backupInto();
  write('later', 5_000);
  await run();
  for (const name of ['gone', 'folder']) rmSync(join(source, name), { recursive: true });
  await run();
});

afterEach(() => vault.close());

async function reopen(): Promise<void> {
  await vault.close();
  vault = await fixture.open();
}

async function takeAway(packIds: readonly PackId[]): Promise<string> {
  const away = join(home, 'away');
  mkdirSync(away);
  for (const packId of packIds) for (const name of [packId, `${packId}.root`]) renameSync(join(packFolder, name), join(away, name));
  await repairIndex({ vault });
  return away;
}

async function findings(): Promise<{ readonly errors: string[]; readonly notes: string[] }> {
  const report = await check({ ...(await fixture.reader(vault)), store: fixture.store, readData: 'all' });
  const of = (wanted: string): string[] => report.findings.filter(({ severity }) => severity === wanted).map(({ code }) => code);
  return { errors: of('error'), notes: of('note') };
}

async function restored(snapshot: number) {
  const to = join(home, `out ${snapshot}`);
  rmSync(to, { recursive: true, force: true });
  const report = await restore({ ...(await fixture.reader(vault)), snapshot, to, conflict: 'fail' });
  const has = (name: string): boolean => existsSync(join(to, source, name));
  return { report, has };
}

const lostPaths = async (): Promise<string[]> => {
  const lost: string[] = [];
  const onLost = (sequence: number, { path }: { path: readonly Uint8Array[] }): void =>
    void lost.push(
      `${sequence} ${path
        .slice(source.split('/').length - 1)
        .map(displayPath)
        .join('/')}`,
    );
  await repairSnapshots({ vault, dryRun: true, onLost });
  return lost;
};

describe('repairing snapshots', () => {
  it('leaves whole ones alone', async () => {
    const { sequence } = vault.head;
    expect(await repairSnapshots({ vault })).toEqual({ snapshots: 4, damaged: [], newPacks: [], changed: false });
    expect(vault.head.sequence).toBe(sequence);
  });

  it('names lost files, marks their snapshots, and the rest of them comes back', async () => {
    await setPinned(vault, 2, true);
    const away = await takeAway(second.data);
    expect((await findings()).errors).toContain('chunk_not_indexed');
    const before = vault.head.sequence;
    expect(await lostPaths()).toEqual(['2 folder/inside', '2 gone', '3 folder/inside', '3 gone']);
    expect(vault.head.sequence).toBe(before);

    const loss = { files: 2, folders: 0, bytes: 310_000 };
    const report = await repairSnapshots({ vault });
    expect(report).toMatchObject({
      changed: true,
      damaged: [
        { sequence: 2, lost: loss, before: undefined },
        { sequence: 3, lost: loss, before: undefined },
      ],
    });
    await reopen();
    // The records follow one another still, and what is known is no error any more.
    expect(await findings()).toEqual({ errors: [], notes: ['parts_lost', 'parts_lost'] });
    expect(vault.head).toMatchObject({ pinned: [2], snapshots: [1, 2, 3, 4].map((sequence) => ({ sequence })) });
    expect((await vault.reader.snapshot(4)).lost).toBeUndefined();
    expect(await repairSnapshots({ vault })).toMatchObject({ changed: false, damaged: [{ lost: loss }, { lost: loss }] });

    const { report: from3, has } = await restored(3);
    expect(from3.errors.map(({ code, path }) => [code, path.split('/').at(-1)])).toEqual([
      ['content_lost', 'inside'],
      ['content_lost', 'gone'],
    ]);
    expect(['kept', 'sub/deep', 'later', 'gone', 'folder/inside'].map(has)).toEqual([true, true, true, false, false]);
    expect((await restored(1)).report.errors).toEqual([]);

    // A machine with the pack comes back.
    for (const packId of second.data) for (const name of [packId, `${packId}.root`]) renameSync(join(away, name), join(packFolder, name));
    await repairIndex({ vault });
    expect(await repairSnapshots({ vault })).toMatchObject({ changed: true, damaged: [{ lost: undefined }, { lost: undefined }] });
    await reopen();
    expect(await findings()).toEqual({ errors: [], notes: [] });
    expect((await restored(3)).report.errors).toEqual([]);
  });

  it('of a lost list of names keeps everything else, and prune and reports go on', async () => {
    await takeAway(second.meta);
    await expect(prune({ vault })).rejects.toMatchObject({ code: 'prune_impossible' });
    await expect(vault.describeSnapshot(3)).rejects.toMatchObject({ code: 'chunk_not_found' });
    // The top folder of the second snapshot itself; in the third one only what did not change since.
    expect(await lostPaths()).toEqual(['2 ', '3 folder']);
    const { damaged } = await repairSnapshots({ vault });
    expect(damaged).toMatchObject([
      { sequence: 2, lost: { files: 4, folders: 3, bytes: 610_000 } },
      { sequence: 3, lost: { files: 1, folders: 1, bytes: 10_000 } },
    ]);
    await reopen();
    expect(await findings()).toEqual({ errors: [], notes: ['parts_lost', 'parts_lost'] });

    expect((await vault.describeSnapshot(3)).neededPackCount).toBeGreaterThan(0);
    const told = [];
    for await (const { sequence } of retainedSnapshots(vault)) told.push(sequence);
    expect(told).toEqual([1, 2, 3, 4]);
    await prune({ vault, rules: { smallPacks: 2, smallIndexPacks: 2 } });
    await reopen();
    expect((await findings()).errors).toEqual([]);
    const { report, has } = await restored(3);
    expect(report.errors).toMatchObject([{ code: 'content_lost', path: expect.stringContaining('folder') }]);
    expect(['kept', 'sub/deep', 'later', 'gone', 'folder/inside'].map(has)).toEqual([true, true, true, true, false]);
    expect((await run()).snapshot.sequence).toBe(5);
  });

  it('other readers name what is lost and go on', async () => {
    await takeAway([...second.meta, ...second.data]);
    await repairSnapshots({ vault });
    const { reader } = await vault.openReader();
    const [three, four] = [await reader.snapshot(3), await reader.snapshot(4)];
    const names = (path: string) => [...source.split('/').slice(1), ...path.split('/')].map((name) => Buffer.from(name));
    await expect(reader.entry(three, names('folder/inside'))).rejects.toMatchObject({ code: 'content_lost' });
    const listed: string[] = [];
    await expect(
      (async () => {
        for await (const { name } of reader.list(three, names('folder'))) listed.push(displayPath(name));
      })(),
    ).rejects.toMatchObject({ code: 'content_lost' });
    expect(listed).toEqual([]);
    const changes = [];
    for await (const { change, path } of diffSnapshots(reader, three, four)) changes.push(`${change} ${displayPath(path.at(-1)!)}`);
    expect(changes).toEqual(expect.arrayContaining(['removed folder', 'removed gone']));
    const leftOut: string[] = [];
    let length = 0;
    for await (const piece of dumpTar(reader, three, source, { onLeftOut: ({ code, path }) => leftOut.push(`${code} ${path}`) }))
      length += piece.length;
    expect(leftOut).toEqual([`content_lost ${source}/folder`, `content_lost ${source}/gone`]);
    expect(length).toBeGreaterThan(305_000);
    expect(length).toBeLessThan(400_000);
  });

  it('says of a loss that came later that it is more than was marked', async () => {
    await takeAway(second.data);
    await repairSnapshots({ vault });
    for (const { packId, kind } of vault.allPacks()) if (kind === 'data') await fixture.store.delete(packId);
    await repairIndex({ vault });
    await reopen();
    expect((await findings()).errors).toContain('chunk_not_indexed');
    expect(await repairSnapshots({ vault })).toMatchObject({ changed: true, damaged: [1, 2, 3, 4].map((sequence) => ({ sequence })) });
    expect((await findings()).errors).toEqual([]);
    // What is still in the files is stored again, and the mark of the newest goes.
    await run();
    const { damaged } = await repairSnapshots({ vault });
    expect(damaged.filter(({ lost }) => !lost).map(({ sequence }) => sequence)).toEqual([1, 4]);
    expect((await restored(5)).report.errors).toEqual([]);
  });

  // All of them with `HOLDFAST_REPAIR_KILLS=1`; otherwise every fourth, from a random one.
  it('killed before, in and after any single write: every snapshot is as it was or marked', async () => {
    await takeAway(second.data);
    await vault.close();
    execFileSync('cp', ['-a', join(home, 'state'), join(home, 'before')]);
    const attempt = async (plan: Parameters<typeof faultyFiles>[1]): Promise<number> => {
      const files = faultyFiles(nodeFiles, plan);
      let open: LocalVault | undefined;
      try {
        open = await fixture.open({ files, store: filePackStore(packFolder, files) });
        await repairSnapshots({ vault: open });
      } finally {
        await open?.close();
      }
      return files.operations;
    };
    const operations = await attempt({});
    const every = Number(process.env['HOLDFAST_REPAIR_KILLS'] ?? 4);
    for (let killAt = 1 + (Date.now() % every); killAt <= operations; killAt += every) {
      const killHow = (['before', 'torn', 'after'] as const)[killAt % 3]!;
      rmSync(join(home, 'state'), { recursive: true });
      execFileSync('cp', ['-a', join(home, 'before'), join(home, 'state')]);
      await attempt({ killAt, killHow, seed: killAt }).catch(() => undefined);
      vault = await fixture.open();
      await repairSnapshots({ vault });
      expect({ killAt, ...(await findings()) }).toMatchObject({ killAt, errors: [] });
      await vault.close();
    }
    vault = await fixture.open();
    expect((await restored(3)).has('kept')).toBe(true);
  });
});
