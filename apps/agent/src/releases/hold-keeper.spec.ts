import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cryptoReady, signRootRelease } from '#libs/crypto';
import type { DeviceId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles, memoryFolder } from '#libs/kernel/testing';
import { dayMs, holderId, HoldingTeam, ownerId, refuse, releaseId } from '../testing/holding-team.ts';

let folder: string;
let team: HoldingTeam;

beforeAll(cryptoReady);
beforeEach(async () => {
  folder = await mkdtemp(join(memoryFolder(), 'holdfast-holds-'));
  team = await HoldingTeam.start(folder, nodeFiles);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a holder', () => {
  it('remembers what it carried out for a time, and what was cancelled for good', async () => {
    const notes = async (): Promise<string[]> => (await readdir(join(folder, 'holds'))).filter((name) => name.endsWith('.json'));
    team.release({ packIds: team.packIds.slice(0, 1) });
    await team.afterALongTime();
    expect(await notes()).toEqual([`${releaseId(1)}.json`]);
    team.release({ releaseId: releaseId(2), releaseSequence: 2, packIds: team.packIds.slice(1, 2) });
    await team.look();
    team.cancel(releaseId(2));
    await team.look();
    expect(await notes()).toHaveLength(2);
    await team.pass(100 * dayMs);
    await team.open(nodeFiles);
    expect(await notes()).toEqual([`${releaseId(2)}.json`]);
    // Both are listed still: nothing begins again.
    await team.afterALongTime();
    expect(await team.there()).toEqual(team.packIds.slice(1));
    expect(await notes()).toEqual([`${releaseId(2)}.json`]);
  });

  it('keeps released packs for the hold, asks once more, deletes them and says so', async () => {
    team.release({ packIds: team.packIds.slice(0, 2) });
    await team.look();
    expect(team.holds.waiting()).toEqual({ releases: 1, packs: 2 });
    await team.pass(14 * dayMs - 1);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
    await team.pass(1);
    await team.look();
    expect(await team.there()).toEqual([team.packIds[2]]);
    expect(team.script.deleted).toEqual([{ releaseId: releaseId(1), packIds: team.packIds.slice(0, 2) }]);
    expect(team.holds.waiting()).toEqual({ releases: 0, packs: 0 });
  });

  it('lets a trim go that names it, after the same hold and the same question', async () => {
    team.release({ packIds: team.packIds.slice(0, 1), reason: 'surplus', onlyHolder: holderId });
    await team.look();
    await team.pass(14 * dayMs - 1);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
    await team.pass(1);
    await team.look();
    expect(await team.there()).toEqual(team.packIds.slice(1));
  });

  it('keeps everything for a trim of another holder’s copies, whoever countersigned and confirmed it', async () => {
    team.release({ reason: 'surplus', onlyHolder: '00000000-0000-4000-8000-000000000009' as DeviceId });
    await team.expectKept();
  });

  it('keeps them longer when the coordinator says so, and never shorter than its own minimum', async () => {
    team.release({ packIds: [team.packIds[0]!] }, { holdMs: 0 });
    team.release({ releaseId: releaseId(2), releaseSequence: 2, packIds: [team.packIds[1]!] }, { holdMs: 30 * dayMs });
    await team.look();
    await team.pass(13 * dayMs);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
    await team.pass(dayMs);
    await team.look();
    expect(await team.there()).toEqual(team.packIds.slice(1));
    await team.pass(16 * dayMs);
    await team.look();
    expect(await team.there()).toEqual(team.packIds.slice(2));
  });

  it('counts the time of a laptop that sleeps every night, once it has talked to the coordinator', async () => {
    team.release();
    await team.look();
    await team.pass(0);
    for (let day = 0; day < 14; day += 1) {
      await team.pass(dayMs / 3);
      await team.pass((dayMs * 2) / 3, { asleep: true });
    }
    await team.look();
    expect(await team.there()).toEqual([]);
  });

  it('is not hurried by a clock that is set forward, running or switched off', async () => {
    team.release();
    await team.look();
    await team.pass(0);
    team.ownMs += 400 * dayMs;
    await team.timer.tick();
    await team.timer.contact(team.coordinatorMs);
    await team.look();
    await team.open(nodeFiles);
    team.ownMs += 400 * dayMs;
    await team.pass(60_000);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
  });

  it('is not hurried by a coordinator that lies about the time', async () => {
    team.release();
    await team.look();
    await team.pass(0);
    team.coordinatorMs += 400 * dayMs;
    await team.pass(dayMs, { asleep: true });
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
  });

  it.each([
    ['the clock’s file is lost', async () => rm(join(folder, 'hold-clock.json'))],
    ['the clock’s file is damaged', async () => writeFile(join(folder, 'hold-clock.json'), '{"elapsedMs":-1}')],
    ['the hold’s file is damaged', async () => writeFile(join(folder, 'holds', `${releaseId(1)}.json`), 'x')],
  ])('begins a hold again when %s', async (_name, damage) => {
    team.release();
    await team.look();
    await team.pass(13 * dayMs);
    await damage();
    await team.open(nodeFiles);
    await team.look();
    await team.pass(2 * dayMs);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
    await team.pass(12 * dayMs);
    await team.look();
    expect(await team.there()).toEqual([]);
  });

  it('hears of a cancel and keeps everything for good, whatever comes later', async () => {
    team.release();
    await team.look();
    await team.pass(5 * dayMs);
    team.cancel();
    await team.look();
    expect(team.holds.waiting()).toEqual({ releases: 0, packs: 0 });
    // The same release again, by a coordinator that was put back or taken over.
    team.release();
    await team.expectKept();
  });

  it('that slept through a cancel learns of it before it deletes', async () => {
    team.release();
    await team.look();
    await team.pass(60 * dayMs);
    team.script.confirm = () => refuse('release_cancelled');
    await team.holds.deleteDue(new AbortController().signal);
    expect(await team.there()).toEqual(team.packIds);
    team.cancel();
    team.script.confirm = (id, nonce) => team.confirm(id, nonce);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
  });

  it('keeps for good what the coordinator does not confirm', async () => {
    team.release();
    await team.look();
    await team.pass(14 * dayMs);
    team.script.confirm = (id, nonce) => team.confirm(id, nonce, { packIds: [team.packIds[1]!] });
    await team.look();
    expect(await team.there()).toEqual([team.packIds[0], team.packIds[2]]);
    team.script.confirm = (id, nonce) => team.confirm(id, nonce);
    await team.afterALongTime();
    expect(await team.there()).toEqual([team.packIds[0], team.packIds[2]]);
  });

  it('deletes nothing because the coordinator is silent, empty, or lists less', async () => {
    const unreachable = (): never => {
      throw new Error('the coordinator is away');
    };
    team.release();
    await team.look();
    await team.pass(60 * dayMs);
    team.script.listed = [];
    team.script.confirm = () => refuse('release_not_found');
    await team.look();
    team.script.confirm = unreachable;
    await expect(team.look()).rejects.toThrow('away');
    expect(await team.there()).toEqual(team.packIds);
  });

  it('takes in a pack of the release that arrives later, with a hold of its own', async () => {
    const [, , third] = team.packIds;
    await team.held.packs.delete(third!);
    team.release();
    await team.look();
    await team.pass(10 * dayMs);
    await team.store(3);
    await team.look();
    await team.pass(4 * dayMs);
    await team.look();
    expect(await team.there()).toEqual([third]);
    await team.pass(10 * dayMs);
    await team.look();
    expect(await team.there()).toEqual([]);
  });

  it('takes the team root’s word where the owner is gone, after the same hold', async () => {
    team.members.delete(ownerId);
    team.release({}, { signed: signRootRelease(team.body(), team.root.secretKey) });
    await team.look();
    await team.pass(14 * dayMs - 1);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
    await team.pass(1);
    await team.look();
    expect(await team.there()).toEqual([]);
  });

  it('begins the hold of a vault that is given up when its device is out of the team, not before', async () => {
    team.release({}, { signed: signRootRelease(team.body(), team.root.secretKey) });
    await team.look();
    await team.pass(14 * dayMs);
    team.members.delete(ownerId);
    await team.look();
    expect(team.holds.waiting()).toEqual({ releases: 1, packs: 3 });
    await team.pass(14 * dayMs - 1);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
    await team.pass(1);
    // A roster that takes it in again: nothing is deleted as long as it says so.
    team.members.add(ownerId);
    await team.look();
    expect([await team.there(), team.script.deleted]).toEqual([team.packIds, []]);
    team.members.delete(ownerId);
    await team.look();
    expect(await team.there()).toEqual([]);
  });

  it('hears of a cancel of the root’s release like of any other', async () => {
    team.members.delete(ownerId);
    team.release({}, { signed: signRootRelease(team.body(), team.root.secretKey) });
    await team.look();
    await team.pass(13 * dayMs);
    team.cancel();
    await team.expectKept();
  });

  it('loses nothing before its time and finishes its work, wherever it is killed', async () => {
    const story = async (files: typeof nodeFiles): Promise<void> => {
      await team.open(files);
      team.release();
      await team.look();
      await team.pass(14 * dayMs);
      await team.look();
    };
    const dry = faultyFiles(nodeFiles);
    await story(dry);
    expect(await team.there()).toEqual([]);
    const steps = dry.operations;
    expect(steps).toBeGreaterThan(8);
    for (let killAt = 1; killAt <= steps; killAt += 1) {
      for (const killHow of ['before', 'torn', 'after'] as const) {
        const home = join(folder, `${killAt}-${killHow}`);
        team = await HoldingTeam.start(home, nodeFiles);
        await expect(story(faultyFiles(nodeFiles, { killAt, killHow }))).rejects.toThrow();
        await team.open(nodeFiles);
        const isBefore = team.monotonicMs < 14 * dayMs;
        if (isBefore) expect(await team.there()).toEqual(team.packIds);
        if (team.script.listed.length === 0) team.release();
        await team.look();
        await team.pass(14 * dayMs);
        await team.look();
        expect(await team.there()).toEqual([]);
        expect(new Set(team.script.deleted.flatMap((d) => d.packIds))).toEqual(new Set(team.packIds));
        const shards = (await readdir(join(home, 'held'))).filter((name) => name.length === 2);
        for (const shard of shards) expect(await readdir(join(home, 'held', shard))).toEqual([]);
        await rm(home, { recursive: true });
      }
    }
  }, 120_000);
});
