import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { seededRandom } from '#libs/kernel/testing';
import { type BlockSource, type PackStore, VaultError } from '#libs/vault';
import { memoryPackStore } from '#libs/vault/testing';
import { backup, check, compareTrees, type LocalVault, prune, repairIndex, restore } from '../index.ts';
import { writerFor } from '../prune/rewrite-packs.ts';
import { describesWhatItKnows } from '../testing/index-on-disk.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';

const folder = temporaryFolders();
const random = seededRandom(21);
let restored = 0;
let home: string;
let source: string;
let store: PackStore;
let fixture: VaultFixture;
let vault: LocalVault;
const run = () => backup({ vault, folders: [source], host: 'h', user: 'u' });

beforeEach(async () => {
  home = await folder('other-copies');
  source = join(home, 'source');
  mkdirSync(source);
  store = memoryPackStore();
  fixture = await vaultFixture(join(home, 'state'), store, { dataPackBytes: 64 * 1024, metaPackBytes: 32 * 1024 });
  vault = await fixture.create();
});

afterEach(() => vault.close());

async function reopen(overrides: Parameters<VaultFixture['open']>[0] = {}): Promise<void> {
  await vault.close();
  vault = await fixture.open(overrides);
}

/** A pack with copies of what is known, as a prune makes them that a backup overtakes. */
async function copyOf(contents: readonly Uint8Array[]): Promise<PackId> {
  const writer = writerFor(vault, 'data');
  for (const content of contents) writer.add('data', vault.chunkIds.of('data', content), content);
  return (await vault.storePack(writer.flush()[0]!, { copies: true })).packId;
}

const packOf = (content: Uint8Array): PackId => vault.packs.get(vault.index.lookup(vault.chunkIds.of('data', content))!.ordinal)!.packId;

async function expectWhole(): Promise<void> {
  const { findings } = await check({ ...(await fixture.reader(vault)), store, readData: 'all' });
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  const to = join(home, `out ${(restored += 1)}`);
  await restore({ ...(await fixture.reader(vault)), snapshot: 1, to, conflict: 'fail' });
  expect(await compareTrees(source, join(to, source))).toEqual([]);
}

describe('repairing the index where a chunk is in more than one pack', () => {
  it('finds what a lost pack had in another one that is whole, says that nothing is lost, and no prune takes that one', async () => {
    const content = random.bytes(40_000);
    writeFileSync(join(source, 'file'), content);
    await run();
    const copy = await copyOf([content]);
    await run();
    const first = packOf(content);
    expect(first).not.toBe(copy);
    await store.delete(first);

    expect(await repairIndex({ vault, dryRun: true })).toMatchObject({ changed: true, lostChunks: 0, reindexed: 1 });
    expect(await repairIndex({ vault })).toMatchObject({ damaged: [{ packId: first }], lostChunks: 0, reindexed: 1 });
    expect(packOf(content)).toBe(copy);
    expect(await describesWhatItKnows(fixture, vault)).toEqual([]);
    await expectWhole();
    expect(await repairIndex({ vault })).toMatchObject({ changed: false });
    await reopen();
    expect((await prune({ vault })).retired.map(({ packId }) => packId)).not.toContain(copy);
    await expectWhole();
  });

  it('reads what a lost pack had in the retired one that it was copied from, while that is still there', async () => {
    const content = random.bytes(40_000);
    writeFileSync(join(source, 'file'), content);
    await run();
    const before = packOf(content);
    const { retired } = await prune({ vault, rules: { smallPacks: 1, smallPackShare: 1, smallIndexPacks: 99 } });
    expect(retired.map(({ packId }) => packId)).toContain(before);
    const copy = packOf(content);
    expect(copy).not.toBe(before);
    await store.delete(copy);
    await reopen();

    expect(await repairIndex({ vault, dryRun: true })).toMatchObject({ changed: true, copiedChunks: 1, lostChunks: 0 });
    expect(await repairIndex({ vault })).toMatchObject({ damaged: [{ packId: copy }], copiedChunks: 1, lostChunks: 0 });
    expect([before, copy]).not.toContain(packOf(content));
    expect((await vault.retiredPacks()).map(({ packId }) => packId)).toContain(before);
    await store.delete(before);
    await expectWhole();
  });

  it('leaves no lost pack among those that may be released, where a prune was stopped before the head that would have retired it', async () => {
    writeFileSync(join(source, 'file'), random.bytes(40_000));
    await run();
    const { sequence } = vault.head;
    const stopped = {
      ...nodeFiles,
      replace: (path: string, ...parts: Uint8Array[]) =>
        path.endsWith('head') ? Promise.reject(new Error('stopped')) : nodeFiles.replace(path, ...parts),
    };
    await reopen({ files: stopped });
    await expect(prune({ vault, rules: { smallPacks: 1, smallPackShare: 1, smallIndexPacks: 99 } })).rejects.toThrow('stopped');
    await reopen();
    expect([vault.head.sequence, await vault.retiredPacks()]).toEqual([sequence, []]);
    // All of these are at a machine that is away.
    for (const { packId } of vault.allPacks()) if (!vault.head.indexPacks.some((one) => one.packId === packId)) await store.delete(packId);
    const { damaged } = await repairIndex({ vault });
    expect(damaged.length).toBeGreaterThan(2);
    expect(await vault.retiredPacks()).toEqual([]);
    expect((await vault.lostPacks()).length).toBe(damaged.length);
  });

  it('gives up no snapshot whose holder goes away while the packs are looked at', async () => {
    // Enough packs that what was read of the record is no longer in memory when it is wanted again.
    for (let i = 0; i < 56; i += 1) writeFileSync(join(source, `file ${i}`), random.bytes(66_000));
    await run();
    await run();
    const { packId } = vault.head.indexPacks[0]!;
    const holder = memoryPackStore();
    const parts: Uint8Array[] = [];
    const rootBlock = await store.rootBlock(packId);
    for await (const leaf of store.leaves(packId, 0, Math.ceil((await store.size(packId))! / 2 ** 20))) parts.push(leaf);
    await holder.put({ packId, kind: 'index', bytes: Buffer.concat(parts), rootBlock });
    await store.delete(packId);
    let away = false;
    const gone = (): never => {
      throw new VaultError('source_unavailable', 'it has gone home', { status: 'temporary' });
    };
    const other: BlockSource = {
      name: 'holder 1',
      rootBlock: (...asked) => (away ? gone() : holder.rootBlock(...asked)),
      leaves: (...asked) => (away ? gone() : holder.leaves(...asked)),
    };
    await reopen({ otherSources: [other], despiteLostIndexPacks: true });
    const before = vault.head;
    let seen = 0;
    const onProgress = (): void => void (away = (seen += 1) > 0);
    for (const forgetLost of [false, true]) {
      away = false;
      await expect(repairIndex({ vault, forgetLost, onProgress })).rejects.toMatchObject({
        code: 'repair_impossible',
        status: 'temporary',
      });
    }
    expect(seen).toBeGreaterThan(0);
    expect(vault.head).toEqual(before);
    away = false;
    expect(await repairIndex({ vault })).toMatchObject({ lostSnapshots: [], changed: false });
  });
});
