import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles, memoryFolder } from '#libs/kernel/testing';
import { ChunkIndex } from '#libs/vault';
import { backup, check, compareTrees, forget, type LocalVault, prune, repairIndex, restore } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

jest.setTimeout(120_000);
const folder = temporaryFolders(memoryFolder());
let home: string;
let source: string;
let packFolder: string;
let fixture: VaultFixture;
let vault: LocalVault;
let packs: Record<'data' | 'meta' | 'index', PackId[]>;
let bytes: ReturnType<typeof seededBytes>;
const write = (name: string, length: number): void => writeFileSync(join(source, name), bytes(length));
const run = () => backup({ vault, folders: [source], host: 'h', user: 'u' });

/** Two snapshots; the largest pack has several blocks. */
beforeEach(async () => {
  home = await folder('repair');
  source = join(home, 'source');
  packFolder = join(home, 'state', 'packs');
  mkdirSync(join(source, 'sub'), { recursive: true });
  bytes = seededBytes(8);
  write('a', 100_000);
  // Their chunks lie in one block each, most of them.
  for (let i = 0; i < 60; i += 1) write(`small ${i}`, 60_000);
  write(join('sub', 'b'), 900_000);
  fixture = await vaultFixture(join(home, 'state', 'vault'), filePackStore(packFolder), { dataPackBytes: 3 * 1024 * 1024 });
  vault = await fixture.create();
  await run();
  write('c', 50_000);
  await run();
  packs = { data: [], meta: [], index: [] };
  for (const { kind, packId } of vault.allPacks()) packs[kind].push(packId);
});

afterEach(() => vault.close());

async function reopen(despiteLostIndexPacks = false, files = nodeFiles): Promise<void> {
  await vault.close();
  const store = filePackStore(packFolder, files);
  vault = await fixture.open({ files, store, ...(despiteLostIndexPacks && { despiteLostIndexPacks }) });
}

const largest = (): PackId => [...vault.allPacks()].sort((a, b) => b.sizeBytes - a.sizeBytes)[0]!.packId;

async function alter(packId: PackId, position: number): Promise<void> {
  const path = join(packFolder, packId);
  const changed = (await nodeFiles.read(path)).slice();
  changed[position < 0 ? changed.length + position : position]! ^= 1;
  await nodeFiles.replace(path, changed);
}

async function errorsOf(): Promise<string[]> {
  const report = await check({ ...(await fixture.reader(vault)), store: fixture.store, readData: 'all' });
  return report.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code} ${message}`);
}

async function expectRestores(snapshot: number | 'latest', except: readonly string[] = []): Promise<void> {
  const to = join(home, `out ${snapshot}`);
  rmSync(to, { recursive: true, force: true });
  await restore({ ...(await fixture.reader(vault)), snapshot, to, conflict: 'fail' });
  const differences = await compareTrees(source, join(to, source));
  expect(differences.filter((one) => !except.some((name) => JSON.stringify(one).includes(name)))).toEqual([]);
}

describe('repairing the index', () => {
  it('leaves a sound vault alone', async () => {
    const { sequence } = vault.head;
    const report = await repairIndex({ vault, readData: true });
    expect(report).toMatchObject({ damaged: [], elsewhere: [], changed: false, lostChunks: 0, newPacks: [], packs: vault.packs.size });
    expect(vault.head.sequence).toBe(sequence);
  });

  it.each(['data', 'meta'] as const)('forgets the chunks of a lost %s pack: the next backup stores them again and heals', async (kind) => {
    const packId = kind === 'data' ? largest() : packs.meta[0]!;
    await fixture.store.delete(packId);
    // Without a repair the backup relies on what is lost.
    expect((await run()).snapshot.stats.newChunks).toBe(0);
    const before = vault.head.sequence;
    const dry = await repairIndex({ vault, dryRun: true });
    expect(dry).toMatchObject({ changed: true, damaged: [{ packId, kind }] });
    expect(vault.head.sequence).toBe(before);

    const report = await repairIndex({ vault });
    expect(report).toMatchObject({ changed: true, damaged: [{ packId, kind }], lostSnapshots: [], copiedChunks: 0 });
    expect(report.lostChunks).toBe(dry.lostChunks);
    expect(report.lostChunks).toBeGreaterThan(0);
    // An offline holder may have the only copy: nothing is to be released.
    expect(await vault.retiredPacks()).toEqual([]);
    expect((await vault.lostPacks()).map((one) => one.packId)).toEqual([packId]);

    await reopen();
    expect((await run()).newPacks.some((pack) => pack.kind === kind)).toBe(true);
    // The first snapshot's own folder, without the file that came later, is nowhere else.
    expect((await errorsOf()).map((one) => one.split(' ')[0])).toEqual(kind === 'meta' ? ['chunk_not_indexed'] : []);
    await expectRestores('latest');
    await expectRestores(2);
    expect(await repairIndex({ vault, readData: true })).toMatchObject({ changed: false });
    await forget(vault, [1]);
    const { retired } = await prune({ vault, rules: { smallPacks: 2, smallIndexPacks: 2 } });
    expect(retired.map((pack) => pack.packId)).not.toContain(packId);
    expect(await errorsOf()).toEqual([]);
  });

  it('takes a lost pack back that was found again, with what only that one has', async () => {
    const packId = largest();
    const away = join(home, 'away');
    mkdirSync(away);
    for (const name of [packId, `${packId}.root`]) renameSync(join(packFolder, name), join(away, name));
    await repairIndex({ vault });
    const kept = join(home, 'kept');
    renameSync(source, kept);
    mkdirSync(source);
    write('other', 1000);
    await run();
    expect((await errorsOf()).length).toBeGreaterThan(0);
    // Half of it is not enough.
    renameSync(join(away, packId), join(packFolder, packId));
    expect(await repairIndex({ vault })).toMatchObject({ adopted: [], changed: false });
    renameSync(join(away, `${packId}.root`), join(packFolder, `${packId}.root`));
    expect((await repairIndex({ vault })).adopted.map((pack) => pack.packId)).toEqual([packId]);
    expect(await vault.lostPacks()).toEqual([]);
    await reopen();
    expect(await errorsOf()).toEqual([]);
    rmSync(source, { recursive: true });
    renameSync(kept, source);
    await expectRestores(2);
  });

  it('copies what can be read of a pack with a flipped bit', async () => {
    const packId = largest();
    await alter(packId, 10_000);
    expect(await repairIndex({ vault })).toMatchObject({ changed: true, damaged: [{ packId }] });
    expect(await errorsOf()).not.toEqual([]);
    await run();
    expect(await errorsOf()).toEqual([]);

    // In the last block, where the directory is: the chunks of the first ones are saved.
    await reopen();
    const second = largest();
    await alter(second, -1);
    const report = await repairIndex({ vault, readData: true });
    expect(report.damaged.map((one) => one.packId)).toEqual([second]);
    expect(report.copiedChunks).toBeGreaterThan(0);
    await run();
    expect(await errorsOf()).toEqual([]);
    await expectRestores(2);
  });

  it('does not call lost what a holder has', async () => {
    const holder = join(home, 'holder');
    execFileSync('cp', ['-a', packFolder, holder]);
    await fixture.store.delete(packs.data[0]!);
    await fixture.store.delete(packs.index[0]!);
    await vault.close();
    vault = await fixture.open({ otherSources: [{ ...filePackStore(holder), name: 'holder 1' }] });
    const report = await repairIndex({ vault });
    expect(report).toMatchObject({ damaged: [], changed: false, lostSnapshots: [] });
    expect(new Set(report.elsewhere.map(({ packId }) => packId))).toEqual(new Set([packs.data[0], packs.index[0]]));
  });

  it('reads the packs when an index pack is lost, and keeps the other snapshots', async () => {
    await fixture.store.delete(packs.index[0]!);
    await vault.close();
    await expect(fixture.open()).rejects.toMatchObject({ code: 'pack_not_found' });
    vault = await fixture.open({ despiteLostIndexPacks: true });
    const report = await repairIndex({ vault, forgetLost: true });
    expect(report).toMatchObject({ lostSnapshots: [1], standIn: undefined, lostChunks: 0, changed: true });
    expect(report.copiedChunks).toBeGreaterThan(0);
    expect(vault.head.snapshots.map(({ sequence }) => sequence)).toEqual([2]);
    await reopen();
    expect((await errorsOf()).filter((one) => !one.startsWith('pack_unknown'))).toEqual([]);
    await expectRestores(2);
    expect((await backup({ vault, folders: [source], host: 'h', user: 'u', readAll: true })).snapshot.stats.newChunks).toBe(0);
  });

  it('gives up no snapshot whose holders may only be away, unless it is told to', async () => {
    await fixture.store.delete(packs.index[0]!);
    await reopen(true);
    const { sequence } = vault.head;
    expect(await repairIndex({ vault, dryRun: true })).toMatchObject({ lostSnapshots: [1] });
    await expect(repairIndex({ vault })).rejects.toMatchObject({
      ...{ code: 'repair_impossible', status: 'temporary', message: expect.stringContaining('snapshot 1 can') },
      nextStep: expect.stringContaining('--forget-lost-snapshots'),
    });
    expect([vault.head.sequence, vault.head.snapshots.length]).toEqual([sequence, 2]);
    await reopen(true);
    expect(vault.head.snapshots.map((one) => one.sequence)).toEqual([1, 2]);
  });

  it('never uses the number of a lost newest snapshot again', async () => {
    await fixture.store.delete(packs.index[1]!);
    await reopen(true);
    expect(await repairIndex({ vault, forgetLost: true })).toMatchObject({ lostSnapshots: [2], standIn: 3 });
    await reopen();
    await expectRestores(3, ['"c"', '/c', '"."']);
    expect((await run()).snapshot.sequence).toBe(4);
    for (const { packId } of vault.head.indexPacks) await fixture.store.delete(packId);
    await reopen(true);
    expect(await repairIndex({ vault, forgetLost: true })).toMatchObject({ lostSnapshots: [1, 3, 4], standIn: 5 });
    await reopen();
    expect((await run()).snapshot).toMatchObject({ sequence: 6, stats: { newChunks: 0 } });
    expect(await errorsOf()).toEqual([]);
    await expectRestores(6);
  });

  it('knows from the cached index what a lost index pack said', async () => {
    for (let i = 0; i < 8; i += 1) {
      write(`file ${i}`, 2000);
      await run();
    }
    await reopen();
    expect(existsSync(join(home, 'state', 'vault', 'index.cache'))).toBe(true);
    const lost = vault.head.indexPacks[4]!.packId;
    await fixture.store.delete(lost);
    await reopen();
    const report = await repairIndex({ vault, forgetLost: true });
    expect(report).toMatchObject({ lostSnapshots: [5], copiedChunks: 0, lostChunks: 0, damaged: [{ packId: lost }] });
    expect(report.reindexed).toBeGreaterThan(0);
    await reopen();
    expect(await errorsOf()).toEqual([]);
    await expectRestores('latest');
    expect((await run()).snapshot.stats.newChunks).toBe(0);
  });

  it('given up before its end has taught the vault nothing that no index says: what a backup stores then is found after a restart', async () => {
    // As after lost fragments: the packs are known, what is in them is not.
    Object.defineProperty(vault, 'index', { configurable: true, value: new ChunkIndex() });
    const change = jest.spyOn(vault, 'change').mockRejectedValueOnce(new Error('stopped'));
    await expect(repairIndex({ vault })).rejects.toThrow('stopped');
    expect(vault.index.size).toBe(0);
    const report = await repairIndex({ vault });
    expect(change).toHaveBeenCalledTimes(2);
    expect(report.reindexed).toBe(packs.data.length + packs.meta.length);
    const known = vault.index.size;
    expect(known).toBeGreaterThan(60);
    await reopen();
    expect(vault.index.size).toBe(known);
    expect(await errorsOf()).toEqual([]);
    expect((await backup({ vault, folders: [source], host: 'h', user: 'u', readAll: true })).snapshot.stats.newChunks).toBe(0);
  });

  it('refuses when the whole disk with packs is away', async () => {
    const { sequence } = vault.head;
    renameSync(packFolder, `${packFolder} away`);
    await expect(repairIndex({ vault })).rejects.toMatchObject({ code: 'vault_state_corrupt' });
    expect(vault.head.sequence).toBe(sequence);
    renameSync(`${packFolder} away`, packFolder);
    expect(await errorsOf()).toEqual([]);
  });

  // All of them with `HOLDFAST_REPAIR_KILLS=1`; otherwise every fifth, from a random one.
  it('killed before, in and after any single write: the vault opens, and the next repair ends the work', async () => {
    await alter(packs.data.at(-1)!, -1);
    await fixture.store.delete(packs.index[0]!);
    const bad = largest();
    await alter(bad, -1);
    await vault.close();
    execFileSync('cp', ['-a', join(home, 'state'), join(home, 'before')]);
    const attempt = async (plan: Parameters<typeof faultyFiles>[1]) => {
      const files = faultyFiles(nodeFiles, plan);
      const store = filePackStore(packFolder, files);
      let open: LocalVault | undefined;
      try {
        open = await fixture.open({ files, store, despiteLostIndexPacks: true });
        await repairIndex({ vault: open, readData: true, forgetLost: true });
      } finally {
        await open?.close();
      }
      return files;
    };
    const { operations } = await attempt({});
    const every = Number(process.env['HOLDFAST_REPAIR_KILLS'] ?? 5);
    for (let killAt = 1 + (Date.now() % every); killAt <= operations; killAt += every) {
      const killHow = (['before', 'torn', 'after'] as const)[killAt % 3]!;
      const where = `killed ${killHow} operation ${killAt} of ${operations}`;
      rmSync(join(home, 'state'), { recursive: true });
      execFileSync('cp', ['-a', join(home, 'before'), join(home, 'state')]);
      await attempt({ killAt, killHow, seed: killAt }).catch(() => undefined);
      vault = await fixture.open({ despiteLostIndexPacks: true });
      await repairIndex({ vault, readData: true, forgetLost: true });
      await vault.close();
      vault = await fixture.open();
      await run();
      expect({ where, errors: await errorsOf() }).toEqual({ where, errors: [] });
      await expectRestores('latest');
      await expectRestores(2);
      await vault.close();
    }
    vault = await fixture.open();
  });
});
