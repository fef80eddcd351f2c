import { beforeAll, describe, expect, it } from '@jest/globals';
import { copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Overview, RebuildView } from '#libs/contracts';
import { rebuildView } from '#libs/contracts';
import { compareTrees } from '#libs/engine';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { packFiles } from '../support/pack-files.ts';
import { until } from '../support/processes.ts';
import { restoredPath } from '../support/restored-path.ts';
import { incompressible } from '../support/sample-folder.ts';
import { teamForTests } from '../support/team-for-tests.ts';

/** A process that gets no time for ten seconds is no machine that is missed: nothing is to be repaired here. */
const patient = `
durability:
  silence:
    workstation: { asleepAfterSeconds: 10, overdueAfterSeconds: 600, suspectAfterSeconds: 700, missingAfterSeconds: 800, lostAfterSeconds: 86400 }
`;

/** The coordinator's disk burns, or somebody puts last week's copy back. Every device goes on as if nothing had been. */
describe('a coordinator without its memory', () => {
  const scene = teamForTests({ replicas: 2, config: patient });
  const documents = join(scene.folder, 'documents');
  const copy = join(scene.folder, 'older-copy.sqlite');
  let ada: Agent;
  let ben: Agent;
  let chloe: Agent;

  const databaseFile = (): string => join(scene.team.coordinator.home, 'coordinator.sqlite');
  const rebuild = (): Promise<RebuildView> => scene.team.setup.admin.get('/api/v1/rebuild', rebuildView);
  const write = (n: number): void => writeFileSync(join(documents, `photo-${n}.raw`), incompressible(2 * 1024 * 1024, n));
  /** What people are shown of copies and snapshots. */
  const shown = async () => {
    const { replicaHistogram, storage, repair }: Overview = await scene.team.overview();
    const { sequence, packs, packsBelowMinimum, protection } = (await scene.team.latestSnapshot('ada'))!;
    const figures = { replicaHistogram, vaultBytes: storage.vaultBytes, snapshot: { sequence, packs, packsBelowMinimum, protection } };
    return { figures, onTheWay: repair.backlogPacks + repair.runningJobs };
  };
  /**
   * Once every pack has its copies on record and no further one is on its way: a newcomer's copy counts, and yet another is made beside it. Two looks in a row:
   * between a copy that has come and the plan for the next one there is a moment when nothing is on its way.
   */
  const whole = () => {
    let before = '';
    return until(
      'every pack has its copies',
      async () => {
        const { figures, onTheWay } = await shown();
        const { zero, one } = figures.replicaHistogram;
        const now = figures.snapshot.protection === 'full' && zero + one + onTheWay === 0 ? JSON.stringify(figures) : '';
        const stays = now !== '' && now === before;
        before = now;
        return stays && figures;
      },
      60_000,
      1_000,
    );
  };
  /** Each file on a holder's disk: one that was fetched again is another file. */
  const onDisk = (...agents: Agent[]): string[] =>
    agents.flatMap((agent) =>
      packFiles(agent.home, 'held').map(({ packId, path }) => {
        const { ino, mtimeMs } = statSync(path);
        return `${agent.name} ${packId} ${ino} ${mtimeMs}`;
      }),
    );
  const stopAnd = async (work: () => void): Promise<void> => {
    await scene.team.coordinator.process.stop();
    work();
    await scene.team.restartCoordinator();
  };
  const everybodyReported = (): Promise<RebuildView> =>
    until(
      'everybody has reported',
      async () => {
        const view = await rebuild();
        return view.sinceMs !== null && !view.frozen && view.waitingFor.length === 0 && view;
      },
      90_000,
    );

  beforeAll(async () => {
    mkdirSync(documents);
    write(1);
    write(2);
    ada = await scene.team.join('ada', [documents]);
    ben = await scene.team.join('ben');
    chloe = await scene.team.join('chloe');
    expect(lastEvent(await ada.must(['backup', '--wait-protected']))).toMatchObject({ state: 'protected' });
    expect(await rebuild()).toMatchObject({ frozen: false, sinceMs: null });
  });

  it('whose tables were emptied holds repair back until all have reported, then counts the same as before', async () => {
    await scene.team.coordinator.process.stop();
    copyFileSync(databaseFile(), copy);
    await scene.team.restartCoordinator();
    const before = await whole();
    const files = onDisk(ben, chloe);
    expect(files.length).toBeGreaterThan(3);
    await chloe.stop();
    await stopAnd(() => {
      const database = new DatabaseSync(databaseFile());
      for (const table of ['packs', 'replicas', 'receipts', 'snapshots']) database.exec(`DELETE FROM ${table}`);
      database.close();
    });
    const half = await until('two have reported', async () => {
      const view = await rebuild();
      return view.reportedDevices === 2 && view;
    });
    expect(half).toMatchObject({ frozen: true, knownDevices: 3, waitingFor: [{ deviceName: 'chloe' }] });
    expect((await scene.team.overview()).reasons[0]?.text).toMatch(/restored: 2 of 3 devices have reported/);
    await chloe.daemonReady();
    await everybodyReported();
    expect(await whole()).toEqual(before);
    expect(onDisk(ben, chloe)).toEqual(files);
  });

  it('takes new backups as ever, and restores', async () => {
    write(3);
    expect(lastEvent(await ada.must(['backup', '--wait-protected']))).toMatchObject({ state: 'protected' });
    const target = join(scene.folder, 'restored');
    await ada.must(['restore', '--to', target, '--verify']);
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
  });

  it('that was put back to an older copy learns of members, snapshots and packs since', async () => {
    const dan = await scene.team.join('dan');
    write(4);
    expect(lastEvent(await ada.must(['backup', '--wait-protected']))).toMatchObject({ state: 'protected' });
    const before = await whole();
    const files = onDisk(ben, chloe, dan);
    await stopAnd(() => {
      for (const end of ['-wal', '-shm']) rmSync(`${databaseFile()}${end}`, { force: true });
      copyFileSync(copy, databaseFile());
    });
    const view = await everybodyReported();
    expect(view).toMatchObject({ knownDevices: 4, cause: expect.stringMatching(/remembers more than the database/) });
    expect((await scene.team.devices()).map((device) => device.name)).toContain('dan');
    expect(await whole()).toEqual(before);
    expect(onDisk(ben, chloe, dan)).toEqual(files);

    write(5);
    expect(lastEvent(await ada.must(['backup', '--wait-protected']))).toMatchObject({ state: 'protected' });
    // From colleagues alone: nothing is left of the machine itself.
    await ada.kill();
    rmSync(ada.home, { recursive: true });
    const { kit, passphrase } = scene.team.recovery;
    const target = join(scene.folder, 'restored-by-dan');
    const args = ['restore', '--device', 'ada', '--recovery-kit', kit, '--passphrase-file', passphrase, '--to', target, '--verify'];
    expect(lastEvent(await dan.must(args))).toMatchObject({ errors: 0 });
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
  });
});
