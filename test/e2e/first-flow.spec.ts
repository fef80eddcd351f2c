import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotStats } from '#libs/contracts';
import { compareTrees, currentPlatform } from '#libs/engine';
import type { Agent } from '../support/agent.ts';
import { lastEvent } from '../support/agent.ts';
import { packFiles } from '../support/pack-files.ts';
import { until } from '../support/processes.ts';
import { bytesRead, pauseReading } from '../support/reading.ts';
import { incompressible, writeSample } from '../support/sample-folder.ts';
import { restoredPath } from '../support/restored-path.ts';
import { teamForTests } from '../support/team-for-tests.ts';

const MiB = 1024 * 1024;
const photoBytes = 24 * MiB;

interface BackupResult {
  readonly state: string;
  readonly sequence: number;
  readonly packs: number;
  readonly stats: SnapshotStats;
}

interface RestoreResult {
  readonly files: number;
  readonly packsNeeded: number;
  readonly packsRead: number;
  readonly packsInVault: number;
  readonly fromHolders: {
    readonly packs: number;
    readonly bytes: number;
    readonly byHolder: { name: string }[];
    readonly list: { packId: string; from: string[] }[];
  };
}

describe('a team backs up and restores', () => {
  const scene = teamForTests({ replicas: 1 });
  const documents = join(scene.folder, 'documents');
  const photo = (n: number): string => join(documents, 'album', `photo-${n}.raw`);
  let ada: Agent;
  let first: BackupResult;

  beforeAll(async () => {
    writeSample(currentPlatform(), documents, { smallFiles: 4000, largeFileBytes: 4 * MiB });
    mkdirSync(join(documents, 'album'));
    for (let n = 0; n < 10; n += 1) writeFileSync(photo(n), incompressible(photoBytes, 100 + n));
    ada = await scene.team.join('ada', [documents]);
    await scene.team.join('ben');
    await scene.team.join('chloe');
  });

  it('captures, protects, lists', async () => {
    first = lastEvent<BackupResult>(await ada.must(['backup', '--wait-protected']));
    expect(first).toMatchObject({ state: 'protected', sequence: 1, stats: { errors: 0 } });
    expect(first.stats.files).toBeGreaterThan(4000);
    const seen = await scene.team.latestSnapshot('ada');
    expect(seen).toMatchObject({ sequence: 1, packsBelowMinimum: 0, packs: first.packs });
    expect(['protected', 'full']).toContain(seen?.protection);

    const { events } = await ada.must(['snapshots']);
    expect(events.filter((e) => e.event === 'item')).toEqual([
      expect.objectContaining({ sequence: 1, state: 'protected', files: first.stats.files, folders: [documents] }),
    ]);
    const listed = (await ada.must(['ls', join(documents, 'album')])).events.filter((e) => e.event === 'item');
    expect(listed.map((e) => [e['path'], e['bytes']])).toEqual(Array.from({ length: 10 }, (_, n) => [photo(n), photoBytes]));
  });

  it('brings one file back, whole, beside what is there', async () => {
    const target = join(scene.folder, 'one-file');
    const wanted = join(documents, 'notes', 'log.txt');
    expect(lastEvent(await ada.must(['restore', wanted, '--to', target, '--verify']))).toMatchObject({
      files: 1,
      filesVerified: 1,
      errors: 0,
    });
    expect(await compareTrees(wanted, restoredPath(target, wanted))).toEqual([]);
  });

  it('backs an unchanged tree up again with one small pack, reading no file', async () => {
    await pauseReading(ada);
    const packsBefore = packFiles(ada.home, 'own').length;
    const readBefore = bytesRead(ada.daemon.pid);
    const second = lastEvent<BackupResult>(await ada.must(['backup']));
    const readMeanwhile = bytesRead(ada.daemon.pid) - readBefore;
    expect(second.stats).toMatchObject({ readBytes: 0, newFiles: 0, changedFiles: 0, unchangedFiles: first.stats.files, newChunks: 0 });
    expect(second.stats.newPacks).toBeLessThanOrEqual(1);
    expect(second.stats.newPackBytes).toBeLessThan(256 * 1024);
    expect(packFiles(ada.home, 'own').length - packsBefore).toBe(second.stats.newPacks);
    // What the operating system counted for the whole process: index and trees, nothing near the 240 MiB of the files.
    expect(readMeanwhile).toBeLessThan(32 * MiB);
    await ada.must(['resume']);
  });

  it('restores one file on a fresh machine, fetching only the packs that it needs', async () => {
    const { team } = scene;
    await until('the second snapshot protected', async () => {
      const latest = await team.latestSnapshot('ada');
      return latest?.sequence === 2 && latest.packsBelowMinimum === 0;
    });
    await ada.kill();
    const fresh = await team.enrol('ada-new');
    const { kit, passphrase } = team.recovery;
    const target = join(scene.folder, 'fresh');
    const result = lastEvent<RestoreResult>(
      await fresh.must(['restore', photo(5), '--device', 'ada', '--recovery-kit', kit, '--passphrase-file', passphrase, '--to', target]),
    );
    expect(result).toMatchObject({ files: 1, errors: 0, corruptionsRepaired: 0 });
    expect(await compareTrees(photo(5), restoredPath(target, photo(5)))).toEqual([]);

    // 24 of 240 MiB: its own packs, and those of index and trees.
    expect(result.packsInVault).toBeGreaterThanOrEqual(8);
    expect(result.fromHolders.packs).toBe(result.fromHolders.list.length);
    expect(result.fromHolders.packs).toBeLessThan(result.packsInVault);
    // A file of 24 MiB lies in two packs of 32 MiB, or in a few more where others were sealed beside it.
    expect(result.packsNeeded).toBeLessThanOrEqual(4);
    expect(result.fromHolders.bytes).toBeGreaterThanOrEqual(photoBytes);
    expect(result.fromHolders.bytes).toBeLessThan(photoBytes + 30 * MiB);
    const holders = new Set(result.fromHolders.list.flatMap((pack) => pack.from));
    expect([...holders].every((name) => name === 'ben' || name === 'chloe')).toBe(true);
  });
});
