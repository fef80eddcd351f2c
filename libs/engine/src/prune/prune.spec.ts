import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, type PackId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles, memoryFolder, seededRandom } from '#libs/kernel/testing';
import { memoryPackStore } from '#libs/vault/testing';
import { backup, check, compareTrees, forget, type LocalVault, prune, releaseRetired, restore, setPinned } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture } from '../testing/vault-fixture.ts';

jest.setTimeout(120_000);
const folder = temporaryFolders(memoryFolder());
const parameters = { dataPackBytes: 128 * 1024, metaPackBytes: 32 * 1024 };
const rules = { smallPacks: 2, smallIndexPacks: 2, maxRewriteBytes: 1024 * 1024 };

let open: LocalVault | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** Three snapshots; the second has two large files that the others have not. */
async function threeSnapshots(home: string) {
  const source = join(home, 'source');
  mkdirSync(source, { recursive: true });
  const random = seededRandom(3);
  const write = (name: string, bytes: number): void => writeFileSync(join(source, name), random.bytes(bytes));
  const fixture = await vaultFixture(join(home, 'state', 'vault'), filePackStore(join(home, 'state', 'packs')), parameters);
  const vault = await fixture.create();
  const run = () => backup({ vault, folders: [source], host: 'h', user: 'u' });
  for (const name of ['a', 'b', 'c', 'd']) write(name, 40_000);
  await run();
  for (const name of ['e', 'f', 'g']) write(name, 60_000);
  write('a', 40_000);
  await run();
  for (const name of ['e', 'f', 'g']) rmSync(join(source, name));
  await run();
  return { fixture, vault, source };
}

describe('forget and prune', () => {
  it('takes out what no snapshot needs, keeps every snapshot, and gives nothing away before its replacement is safe', async () => {
    const home = await folder('prune');
    const { vault, source, fixture } = await threeSnapshots(home);
    open = vault;
    const before = vault.allPacks().reduce((sum, pack) => sum + pack.sizeBytes, 0);
    expect((await prune({ vault, rules: { ...rules, smallPacks: 99, smallIndexPacks: 99 } })).retired).toEqual([]);
    await forget(vault, [2]);
    const dry = await prune({ vault, rules, dryRun: true });
    expect(dry.retired).toEqual([]);
    expect(dry.plan.release.length + dry.plan.rewrite.length).toBeGreaterThan(0);
    expect(vault.allPacks().reduce((sum, pack) => sum + pack.sizeBytes, 0)).toBe(before);

    const report = await prune({ vault, rules });
    expect(report.retiredBytes - report.newBytes).toBeGreaterThan(150_000);
    expect(await prune({ vault, rules: { ...rules, smallPacks: 99, smallIndexPacks: 99 } })).toMatchObject({ retired: [], newPacks: [] });

    // Nobody holds anything: nothing is proposed. Then everybody does.
    const proposed: PackId[] = [];
    let held = new Set<PackId>();
    const port = {
      isProtected: (packId: PackId) => held.has(packId),
      releasePacks: async (packs: readonly { packId: PackId }[]) => {
        proposed.push(...packs.map(({ packId }) => packId));
        return packs.map(({ packId }) => packId);
      },
    };
    expect((await releaseRetired(vault, port)).waiting).toHaveLength(report.retired.length);
    held = new Set(report.newPacks.map(({ packId }) => packId));
    expect((await releaseRetired(vault, port)).waiting).toHaveLength(report.retired.length);
    expect(proposed).toEqual([]);
    held = new Set(vault.allPacks().map(({ packId }) => packId));
    expect((await releaseRetired(vault, port)).released).toHaveLength(report.retired.length);
    expect(proposed.sort()).toEqual(report.retired.map(({ packId }) => packId).sort());
    expect((await releaseRetired(vault, port)).leaving).toHaveLength(report.retired.length);
    // What came to nothing is proposed once more, whatever has become of what it waited for; else a recorded one never is.
    held = new Set();
    const [first] = proposed.splice(0);
    const mayComeAgain = async (): Promise<Set<PackId>> => new Set([first!]);
    expect((await releaseRetired(vault, { ...port, mayComeAgain })).released.map(({ packId }) => packId)).toEqual([first]);
    expect(proposed).toEqual([first]);
    proposed.splice(0, 1, ...report.retired.map(({ packId }) => packId));
    for (const packId of proposed) await vault.options.store.delete(packId);
    expect((await releaseRetired(vault, port)).gone).toHaveLength(report.retired.length);
    expect(await vault.retiredPacks()).toEqual([]);

    const opened = await fixture.reader(vault);
    expect((await check({ ...opened, store: vault.options.store, readData: 'all' })).findings).toEqual([]);
    await restore({ ...opened, snapshot: 3, to: join(home, 'out'), conflict: 'fail' });
    expect(await compareTrees(source, join(home, 'out', source))).toEqual([]);
    // What was pruned and comes back is stored again.
    for (const name of ['e', 'f']) writeFileSync(join(source, name), seededRandom(3).bytes(60_000));
    const { snapshot } = await backup({ vault, folders: [source], host: 'h', user: 'u' });
    expect(snapshot.stats.newChunks).toBeGreaterThan(0);
    await restore({ ...(await fixture.reader(vault)), snapshot: 'latest', to: join(home, 'again'), conflict: 'fail' });
    expect(await compareTrees(source, join(home, 'again', source))).toEqual([]);
  });

  // All of them with `HOLDFAST_PRUNE_KILLS=1`; otherwise every eighth, from a random one.
  it('killed before, in and after any single write: every snapshot restores, and the next prune ends the work', async () => {
    const home = await folder('kills');
    const { vault, source, fixture } = await threeSnapshots(home);
    await forget(vault, [2]);
    await vault.close();
    execFileSync('cp', ['-a', join(home, 'state'), join(home, 'before')]);
    const attempt = async (plan: Parameters<typeof faultyFiles>[1]) => {
      const files = faultyFiles(nodeFiles, plan);
      try {
        open = await fixture.open({ files, store: filePackStore(join(home, 'state', 'packs'), files) });
        await prune({ vault: open, rules });
      } finally {
        await open?.close();
        open = undefined;
      }
      return files;
    };
    const { operations } = await attempt({});
    expect(operations).toBeGreaterThan(20);
    const every = Number(process.env['HOLDFAST_PRUNE_KILLS'] ?? 8);
    for (let killAt = 1 + (Date.now() % every); killAt <= operations; killAt += every) {
      const killHow = (['before', 'torn', 'after'] as const)[killAt % 3]!;
      const where = `killed ${killHow} operation ${killAt} of ${operations}`;
      rmSync(join(home, 'state'), { recursive: true });
      execFileSync('cp', ['-a', join(home, 'before'), join(home, 'state')]);
      await attempt({ killAt, killHow, seed: killAt }).catch(() => undefined);
      open = await fixture.open();
      const examine = async (): Promise<void> => {
        const opened = await fixture.reader(open!);
        const report = await check({ ...opened, store: open!.options.store, readData: 'all' });
        expect({ where, errors: report.findings.filter(({ severity }) => severity === 'error'), complete: opened.reader.complete }).toEqual(
          {
            ...{ where, errors: [], complete: true },
          },
        );
        await restore({ ...opened, snapshot: 3, to: join(home, 'out'), conflict: 'overwrite' });
        expect({ where, differences: await compareTrees(source, join(home, 'out', source)) }).toEqual({ where, differences: [] });
      };
      await examine();
      await prune({ vault: open, rules });
      await examine();
      const { plan } = await prune({ vault: open, rules: { ...rules, smallPacks: 99, smallIndexPacks: 99 }, dryRun: true });
      expect({ where, left: [...plan.release, ...plan.rewrite] }).toEqual({ where, left: [] });
      await open.close();
      open = undefined;
    }
  });

  it('waits for a running backup and keeps what that needs', async () => {
    const home = await folder('meanwhile');
    const { vault, source } = await threeSnapshots(home);
    open = vault;
    await forget(vault, [2]);
    const leave = await vault.sessions.enter();
    const pruning = prune({ vault, rules });
    // The backup finds the forgotten chunks known and does not store them again.
    for (const name of ['e', 'f', 'g']) writeFileSync(join(source, name), readFileSync(join(source, 'b')));
    const { snapshot } = await backup({ vault, folders: [source], host: 'h', user: 'u' });
    const stop = new AbortController();
    const stopped = prune({ vault, rules, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toMatchObject({ message: expect.stringMatching(/enough|stopped/) });
    leave();
    const report = await pruning;
    expect(report.retired.length).toBeGreaterThan(0);
    expect(vault.head.snapshots.map(({ sequence }) => sequence)).toEqual([1, 3, snapshot.sequence]);
    const opened = await vault.openReader();
    await restore({ ...opened, snapshot: 'latest', to: join(home, 'out'), conflict: 'fail' });
    expect(await compareTrees(source, join(home, 'out', source))).toEqual([]);
  });

  it('refuses to prune when a tree can not be read, and changes nothing', async () => {
    const home = await folder('damage');
    const store = memoryPackStore();
    const fixture = await vaultFixture(join(home, 'vault'), store, parameters);
    open = await fixture.create();
    mkdirSync(join(home, 'source'));
    writeFileSync(join(home, 'source', 'a'), 'hello');
    await backup({ vault: open, folders: [join(home, 'source')], host: 'h', user: 'u' });
    writeFileSync(join(home, 'source', 'a'), 'other');
    await backup({ vault: open, folders: [join(home, 'source')], host: 'h', user: 'u' });
    for (const pack of open.allPacks()) if (pack.kind === 'meta') await store.delete(pack.packId);
    const head = open.headBytes;
    await expect(prune({ vault: open, rules })).rejects.toMatchObject({
      code: 'prune_impossible',
      nextStep: expect.stringContaining('check'),
    });
    expect(open.headBytes).toBe(head);
  });

  it('keeps pinned snapshots and the newest of all; a stale process changes nothing', async () => {
    const home = await folder('pins');
    const { vault, fixture } = await threeSnapshots(home);
    open = vault;
    await setPinned(vault, 1, true);
    await setPinned(vault, 1, true);
    await expect(forget(vault, [2, 1])).rejects.toMatchObject({ code: 'snapshot_protected' });
    await expect(forget(vault, [3])).rejects.toMatchObject({ code: 'snapshot_protected' });
    await expect(forget(vault, [9])).rejects.toMatchObject({ code: 'snapshot_not_found' });
    expect(vault.head.snapshots).toHaveLength(3);
    await vault.close();
    open = await fixture.open();
    expect(open.head.pinned).toEqual([1]);
    await setPinned(open, 1, false);
    await forget(open, [1, 2]);
    expect(open.head).toMatchObject({ pinned: undefined, snapshots: [{ sequence: 3 }] });
    // Somebody else wrote a head meanwhile.
    const head = join(home, 'state', 'vault', 'head');
    writeFileSync(head, Buffer.concat([readFileSync(head), Buffer.from([0])]));
    await expect(setPinned(open, 3, true)).rejects.toMatchObject({
      code: 'vault_changed',
      message: messageOf(new Error('another process changed this vault meanwhile')),
    });
  });

  it('compares each folder with its own newest state, whatever else was backed up in between', async () => {
    const home = await folder('parents');
    const one = join(home, 'one');
    const two = join(one, 'deep', 'two');
    mkdirSync(two, { recursive: true });
    for (let i = 0; i < 5; i += 1) writeFileSync(join(two, `file ${i}`), `${i}`.repeat(1000));
    const fixture = await vaultFixture(join(home, 'vault'), memoryPackStore(), parameters);
    open = await fixture.create();
    const run = (path: string, adHoc: boolean) => backup({ vault: open!, folders: [path], host: 'h', user: 'u', adHoc });
    await run(one, false);
    const inside = await run(two, true);
    expect(inside.snapshot).toMatchObject({ adHoc: true, stats: { unchangedFiles: 5, newFiles: 0, readBytes: 0 } });
    const again = await run(one, false);
    expect(again.snapshot).toMatchObject({ adHoc: false, stats: { unchangedFiles: 5, newFiles: 0, readBytes: 0 } });
  });
});
