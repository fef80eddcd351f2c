import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Release, SignedStatement } from '#libs/contracts';
import { cryptoReady, signCountersign, signRelease, signRootRelease } from '#libs/crypto';
import { type DeviceId, type PackId, toBase64Url, type VaultId } from '#libs/kernel';
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

/** The coordinator (or whoever) tried; a long time passes with everything it could want. */
async function afterALongTime(): Promise<void> {
  await team.look();
  for (let n = 0; n < 4; n += 1) {
    await team.pass(20 * dayMs);
    await team.look();
  }
}
const keepsAll = async (): Promise<void> => {
  await afterALongTime();
  expect(await team.there()).toEqual(team.packIds);
};

describe('a holder', () => {
  it('remembers what it carried out for a time, and what was cancelled for good', async () => {
    const notes = async (): Promise<string[]> => (await readdir(join(folder, 'holds'))).filter((name) => name.endsWith('.json'));
    team.release({ packIds: team.packIds.slice(0, 1) });
    await afterALongTime();
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
    await afterALongTime();
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
    await keepsAll();
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
    await keepsAll();
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
    await afterALongTime();
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
    await keepsAll();
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

describe('a hostile coordinator with its own keys', () => {
  it('can’t sign for the owner', async () => {
    for (const [n, key] of [team.coordinatorKeys, team.stranger, team.root].entries()) {
      const body = { releaseId: releaseId(n), releaseSequence: n + 1 };
      team.release(body, { signed: signRelease(team.body(body), key.secretKey) });
    }
    await keepsAll();
  });

  it('can’t sign for the team root, nor be another root', async () => {
    team.members.delete(ownerId);
    for (const [n, key] of [team.coordinatorKeys, team.owner, team.stranger].entries()) {
      const body = { releaseId: releaseId(n) };
      team.release(body, { signed: signRootRelease(team.body(body), key.secretKey) });
    }
    await keepsAll();
  });

  it('can’t use a root’s release against another vault, another team, what was placed later, or a device that is in the team', async () => {
    const signed = (over: Partial<Release>): void =>
      void team.release(over, { signed: signRootRelease(team.body(over), team.root.secretKey) });
    // The person with the kit was led to sign a colleague's vault away.
    signed({ releaseId: releaseId(1) });
    await keepsAll();
    team.members.delete(ownerId);
    team.script.listed = [];
    const later = await team.store(4, { generation: 1 });
    signed({ releaseId: releaseId(2), vaultId: 'cd'.repeat(16) as VaultId });
    signed({ releaseId: releaseId(3), teamId: '33333333-3333-4333-8333-333333333333' });
    signed({ releaseId: releaseId(4), packIds: [later] });
    signed({ releaseId: releaseId(5), onlyHolder: ownerId });
    await keepsAll();
  });

  it('can’t exchange the root’s statement in the middle of the hold, or turn it into the owner’s', async () => {
    team.members.delete(ownerId);
    const [first, ...others] = team.packIds as [PackId, PackId, PackId];
    const signed = signRootRelease(team.body({ packIds: [first] }), team.root.secretKey);
    team.release({ packIds: [first] }, { signed });
    await team.look();
    // The same id and a wider statement, with the type changed under the same payload, and with the payload changed under the same signature.
    const wider = team.body();
    for (const other of [
      { ...signed, type: 'release' },
      { ...signed, payload: toBase64Url(Buffer.from(JSON.stringify(wider))) },
      signRootRelease(wider, team.coordinatorKeys.secretKey),
    ])
      team.release({}, { signed: other });
    await keepsAll();
    // What was signed is what counts, still.
    team.release({ packIds: [first] }, { signed });
    await team.look();
    expect(await team.there()).toEqual(others);
  });

  it('can’t exchange the owner’s key afterwards: the key of the time of storing counts', async () => {
    // What a roster with a forged signing key would lead to; nothing in the hold looks at a roster.
    const signed = signRelease(team.body(), team.stranger.secretKey);
    team.release({}, { signed });
    await keepsAll();
    await team.store(4, { ownerKey: toBase64Url(team.stranger.publicKey) });
    await afterALongTime();
    expect(await team.there()).toEqual(team.packIds);
  });

  it('can’t use another vault’s, another owner’s or another team’s release', async () => {
    team.release({ releaseId: releaseId(1), vaultId: 'cd'.repeat(16) as VaultId });
    team.release({ releaseId: releaseId(2), ownerDeviceId: '00000000-0000-4000-8000-00000000000f' as DeviceId });
    team.release({ releaseId: releaseId(3), teamId: '33333333-3333-4333-8333-333333333333' });
    await keepsAll();
  });

  it('can’t stretch a release to more packs, cut it, or bind its own word to other bytes', async () => {
    const signed = team.release({ packIds: [team.packIds[0]!] });
    const wider = team.body();
    const cut: SignedStatement = { ...signed, payload: signed.payload.slice(0, -4) };
    const countersign = signCountersign(signed, wider, { holdMs: 0, atMs: 1 }, team.coordinatorKeys.secretKey);
    const stretched: SignedStatement = { ...signed, payload: toBase64Url(new TextEncoder().encode(JSON.stringify(wider))) };
    for (const release of [stretched, cut]) {
      team.list(releaseId(1), { release, countersign, cancel: null });
      await team.look();
    }
    expect(team.holds.waiting().packs).toBe(0);
    await keepsAll();
    // And a confirmation that names more than the release deletes no more.
    team.release({ releaseId: releaseId(2), packIds: [team.packIds[0]!] });
    team.script.confirm = (id, nonce) => team.confirm(id, nonce, { packIds: team.packIds });
    await afterALongTime();
    expect(await team.there()).toEqual(team.packIds.slice(1));
  });

  it('can’t use a release from before a cancel against copies that were placed after it', async () => {
    for (const seed of [1, 2, 3]) {
      await team.held.packs.delete(team.packIds[seed - 1]!);
      await team.store(seed, { generation: 1 });
    }
    team.release({ generation: 0 });
    await keepsAll();
  });

  it('can’t use a release again that was carried out here', async () => {
    team.release();
    await team.look();
    await team.pass(14 * dayMs);
    await team.look();
    expect(await team.there()).toEqual([]);
    for (const seed of [1, 2, 3]) await team.store(seed);
    await keepsAll();
  });

  it('can’t have a confirmation for another holder, another question or another release accepted', async () => {
    team.release();
    await team.look();
    let first: SignedStatement | undefined;
    const attempts: ((id: string, nonce: string) => SignedStatement)[] = [
      (id, nonce) => (first = team.confirm(id, nonce, { holderDeviceId: '00000000-0000-4000-8000-00000000000f' as DeviceId })),
      (id) => team.confirm(id, toBase64Url(new Uint8Array(32))),
      () => first!,
      (id, nonce) => ({ ...team.confirm(id, nonce), type: 'release-cancel' }),
    ];
    await team.pass(14 * dayMs);
    for (const attempt of attempts) {
      team.script.confirm = attempt;
      await team.look();
      expect(await team.there()).toEqual(team.packIds);
    }
  });

  it('gets nothing by itself: a list without the owner’s word', async () => {
    team.script.listed = [{ releaseId: releaseId(1), state: 'holding' }];
    await expect(team.look()).rejects.toMatchObject({ code: 'coordinator_refused' });
    expect(await team.there()).toEqual(team.packIds);
  });

  it('can’t make a pack be deleted whose owner’s key was never noted', async () => {
    for (const seed of [1, 2, 3]) {
      await team.held.packs.delete(team.packIds[seed - 1]!);
      await team.store(seed, { ownerKey: undefined });
    }
    team.release();
    await keepsAll();
  });
});

describe('a compromised owner', () => {
  it('deletes nothing alone: without a countersignature there is no hold', async () => {
    const release = signRelease(team.body(), team.owner.secretKey);
    team.list(releaseId(1), { release, countersign: null, cancel: null });
    await keepsAll();
    for (const key of [team.owner, team.stranger]) {
      team.release({}, { countersignKey: key });
      await keepsAll();
    }
  });

  it('loses nothing for the hold even when it releases everything and the release is countersigned', async () => {
    team.release({}, { holdMs: 0 });
    await team.look();
    await team.pass(13.9 * dayMs);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
    team.cancel();
    await keepsAll();
  });
});
