import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles, Killed, seededRandom } from '#libs/kernel/testing';
import { backup, check, compareTrees, type LocalVault, restore } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture } from '../testing/vault-fixture.ts';

jest.setTimeout(300_000);
const folder = temporaryFolders();
const copy = (from: string, to: string): void => void execFileSync('cp', ['-a', from, to]);

/** The vault of an attempt, closed whatever happens: a killed process gives its lock back too. */
let open: LocalVault | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

describe('killed at any write', () => {
  it('the next run goes on, nothing captured is lost, nothing sealed is read for nothing', async () => {
    const home = await folder();
    const source = join(home, 'source');
    const bytes = seededBytes(9);
    mkdirSync(join(source, 'sub'), { recursive: true });
    for (let i = 0; i < 6; i += 1) writeFileSync(join(source, 'sub', `first ${i}`), bytes(150_000));
    // Packs of several leaves, so that open ones are written to files.
    const parameters = { dataPackBytes: 2 * 1024 * 1024, metaPackBytes: 64 * 1024 };
    const state = join(home, 'state');
    const fixture = await vaultFixture(join(state, 'vault'), filePackStore(join(state, 'packs')), parameters);
    open = await fixture.create();
    await backup({ vault: open, folders: [source], host: 'h', user: 'u' });
    await open.close();
    copy(source, join(home, 'source of 1'));
    copy(state, join(home, 'state of 1'));

    appendFileSync(join(source, 'sub', 'first 0'), 'changed');
    rmSync(join(source, 'sub', 'first 1'));
    for (let i = 0; i < 12; i += 1) writeFileSync(join(source, `second ${i}`), bytes(130_000));
    for (let i = 0; i < 2; i += 1) writeFileSync(join(source, `large ${i}`), bytes(2_500_000));

    /** One run on a file system that may die. */
    const attempt = async (plan: Parameters<typeof faultyFiles>[1]) => {
      const files = faultyFiles(nodeFiles, plan);
      const store = filePackStore(join(state, 'packs'), files);
      try {
        open = await fixture.open({ files, store });
        const { snapshot } = await backup({ vault: open, folders: [source], host: 'h', user: 'u' });
        return { files, snapshot };
      } finally {
        await open?.close();
        open = undefined;
      }
    };
    const { operations } = (await attempt({})).files;
    expect(operations).toBeGreaterThan(30);

    const seed = Date.now() % 1_000_000;
    const random = seededRandom(seed);
    for (let round = 0; round < 24; round += 1) {
      const killHow = (['before', 'torn', 'after'] as const)[round % 3]!;
      const killAt = 1 + random.int(operations);
      const where = `seed ${seed}, round ${round}: killed ${killHow} operation ${killAt} of ${operations}`;
      rmSync(state, { recursive: true });
      copy(join(home, 'state of 1'), state);
      const diedInTime = await attempt({ killAt, killHow, seed: round }).then(
        // The last operation of all sweeps a folder when everything is captured: it is the only one whose failure takes nothing back.
        ({ files }) => files.operations <= killAt,
        (error: unknown) => {
          // A reader says of a dead disk that the source is gone.
          if (!(error instanceof Killed) && !messageOf(error).includes('killed at file operation'))
            throw new Error(where, { cause: error });
          return true;
        },
      );
      expect(`${where}: ${diedInTime}`).toBe(`${where}: true`);

      // What was captured before is whole at once, without another backup.
      open = await fixture.open({ store: filePackStore(join(state, 'packs')) });
      const restoreTo = async (snapshot: number | 'latest', like: string): Promise<void> => {
        rmSync(join(home, 'out'), { recursive: true, force: true });
        const report = await restore({ ...(await open!.openReader()), snapshot, to: join(home, 'out'), conflict: 'fail' });
        expect({ where, errors: report.errors, differences: await compareTrees(like, join(home, 'out', source)) }).toEqual({
          where,
          errors: [],
          differences: [],
        });
      };
      await restoreTo(1, join(home, 'source of 1'));
      const { snapshot } = await backup({ vault: open, folders: [source], host: 'h', user: 'u' });
      await restoreTo('latest', source);
      await restoreTo(1, join(home, 'source of 1'));
      expect(open.foundPacks).toEqual([]);
      const report = await check({ ...(await open.openReader()), store: filePackStore(join(state, 'packs')), readData: 'all' });
      expect({ where, errors: report.findings.filter(({ severity }) => severity === 'error') }).toEqual({ where, errors: [] });
      expect(snapshot.stats.newChunks).toBeLessThanOrEqual(13 + 20);
      await open.close();
      open = undefined;
    }
  });

  it('packs that were stored before the kill are taken up again', async () => {
    const home = await folder();
    const source = join(home, 'source');
    const bytes = seededBytes(10);
    mkdirSync(source);
    for (let i = 0; i < 20; i += 1) writeFileSync(join(source, `file ${i}`), bytes(200_000));
    const fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')), { dataPackBytes: 512 * 1024 });
    await (await fixture.create()).close();
    const files = faultyFiles(nodeFiles, { killAt: 30 });
    open = await fixture.open({ files, store: filePackStore(join(home, 'packs'), files) });
    await expect(backup({ vault: open, folders: [source], host: 'h', user: 'u' })).rejects.toThrow(Killed);
    await open.close();
    fixture.announced.length = 0;
    open = await fixture.open();
    const found = open.foundPacks.map(({ packId }) => packId);
    expect(found.length).toBeGreaterThan(2);
    const { snapshot } = await backup({ vault: open, folders: [source], host: 'h', user: 'u' });
    expect(snapshot.stats.newChunks).toBeLessThan(20);
    expect(snapshot.stats.newChunks).toBeGreaterThan(0);
    // Their announcement may not have left the machine: it is made again.
    expect(fixture.announced.map(({ packId }) => packId)).toEqual(expect.arrayContaining(found));
  });
});
