import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Release, SignedStatement } from '#libs/contracts';
import { cryptoReady, signCountersign, signRelease, signRootRelease } from '#libs/crypto';
import { type DeviceId, type PackId, toBase64Url, type VaultId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { memoryFolder } from '#libs/kernel/testing';
import { dayMs, HoldingTeam, ownerId, releaseId } from '../testing/holding-team.ts';

let folder: string;
let team: HoldingTeam;

beforeAll(cryptoReady);
beforeEach(async () => {
  folder = await mkdtemp(join(memoryFolder(), 'holdfast-holds-'));
  team = await HoldingTeam.start(folder, nodeFiles);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a hostile coordinator with its own keys', () => {
  it('can’t sign for the owner', async () => {
    for (const [n, key] of [team.coordinatorKeys, team.stranger, team.root].entries()) {
      const body = { releaseId: releaseId(n), releaseSequence: n + 1 };
      team.release(body, { signed: signRelease(team.body(body), key.secretKey) });
    }
    await team.expectKept();
  });

  it('can’t sign for the team root, nor be another root', async () => {
    team.members.delete(ownerId);
    for (const [n, key] of [team.coordinatorKeys, team.owner, team.stranger].entries()) {
      const body = { releaseId: releaseId(n) };
      team.release(body, { signed: signRootRelease(team.body(body), key.secretKey) });
    }
    await team.expectKept();
  });

  it('can’t use a root’s release against another vault, another team, what was placed later, or a device that is in the team', async () => {
    const signed = (over: Partial<Release>): void =>
      void team.release(over, { signed: signRootRelease(team.body(over), team.root.secretKey) });
    // The person with the kit was led to sign a colleague's vault away.
    signed({ releaseId: releaseId(1) });
    await team.expectKept();
    team.members.delete(ownerId);
    team.script.listed = [];
    const later = await team.store(4, { generation: 1 });
    signed({ releaseId: releaseId(2), vaultId: 'cd'.repeat(16) as VaultId });
    signed({ releaseId: releaseId(3), teamId: '33333333-3333-4333-8333-333333333333' });
    signed({ releaseId: releaseId(4), packIds: [later] });
    signed({ releaseId: releaseId(5), onlyHolder: ownerId });
    await team.expectKept();
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
    await team.expectKept();
    // What was signed is what counts, still.
    team.release({ packIds: [first] }, { signed });
    await team.look();
    expect(await team.there()).toEqual(others);
  });

  it('can’t exchange the owner’s key afterwards: the key of the time of storing counts', async () => {
    // What a roster with a forged signing key would lead to; nothing in the hold looks at a roster.
    const signed = signRelease(team.body(), team.stranger.secretKey);
    team.release({}, { signed });
    await team.expectKept();
    await team.store(4, { ownerKey: toBase64Url(team.stranger.publicKey) });
    await team.afterALongTime();
    expect(await team.there()).toEqual(team.packIds);
  });

  it('can’t use another vault’s, another owner’s or another team’s release', async () => {
    team.release({ releaseId: releaseId(1), vaultId: 'cd'.repeat(16) as VaultId });
    team.release({ releaseId: releaseId(2), ownerDeviceId: '00000000-0000-4000-8000-00000000000f' as DeviceId });
    team.release({ releaseId: releaseId(3), teamId: '33333333-3333-4333-8333-333333333333' });
    await team.expectKept();
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
    await team.expectKept();
    // And a confirmation that names more than the release deletes no more.
    team.release({ releaseId: releaseId(2), packIds: [team.packIds[0]!] });
    team.script.confirm = (id, nonce) => team.confirm(id, nonce, { packIds: team.packIds });
    await team.afterALongTime();
    expect(await team.there()).toEqual(team.packIds.slice(1));
  });

  it('can’t use a release from before a cancel against copies that were placed after it', async () => {
    for (const seed of [1, 2, 3]) {
      await team.held.packs.delete(team.packIds[seed - 1]!);
      await team.store(seed, { generation: 1 });
    }
    team.release({ generation: 0 });
    await team.expectKept();
  });

  it('can’t use a release again that was carried out here', async () => {
    team.release();
    await team.look();
    await team.pass(14 * dayMs);
    await team.look();
    expect(await team.there()).toEqual([]);
    for (const seed of [1, 2, 3]) await team.store(seed);
    await team.expectKept();
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
    await team.expectKept();
  });
});

describe('a compromised owner', () => {
  it('deletes nothing alone: without a countersignature there is no hold', async () => {
    const release = signRelease(team.body(), team.owner.secretKey);
    team.list(releaseId(1), { release, countersign: null, cancel: null });
    await team.expectKept();
    for (const key of [team.owner, team.stranger]) {
      team.release({}, { countersignKey: key });
      await team.expectKept();
    }
  });

  it('loses nothing for the hold even when it releases everything and the release is countersigned', async () => {
    team.release({}, { holdMs: 0 });
    await team.look();
    await team.pass(13.9 * dayMs);
    await team.look();
    expect(await team.there()).toEqual(team.packIds);
    team.cancel();
    await team.expectKept();
  });
});
