import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { HeldReleases, ReleaseStatements, ReleaseView, SignedStatement } from '#libs/contracts';
import { ownRelease, pageOf, releaseView } from '#libs/contracts';
import { openCancel, openConfirm, openCountersigned, signRelease, signRootRelease } from '#libs/crypto';
import type { PackId } from '#libs/kernel';
import { fromBase64Url, toBase64Url } from '#libs/kernel';
import { DeviceTokensService } from '../device-tokens/device-tokens.service.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { PacksService } from '../packs/packs.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import { ReleasingOwner } from '../testing/releasing-owner.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';
import type { TestClient } from '../testing/test-client.ts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import { RELEASE_SWEEP } from './release-sweep.service.ts';

const day = 86_400_000;
const nonce = toBase64Url(new Uint8Array(32).fill(4));

describe('releases', () => {
  let storage: StorageTeam;
  let owner: ReleasingOwner;
  let holders: FakeAgent[];

  /** 16 packs at every colleague, the first one the index; snapshot 1 needs all, snapshot 2 does without numbers 1 and 2. */
  beforeEach(async () => {
    storage = await startStorageTeam(4);
    const [first, ...others] = storage.agents as [FakeAgent, ...FakeAgent[]];
    holders = others;
    owner = new ReleasingOwner(storage, first);
    await first.announce(first.newPacks(16));
    const all = first.packs.map((p) => p.ordinal);
    await owner.backUp(all);
    await owner.backUp(all.filter((ordinal) => ordinal === 0 || ordinal > 2));
    await storage.replicate();
  });
  afterEach(() => storage.close());

  const admin = (): Promise<TestClient> => storage.team.people('admin');
  const packIds = (...ordinals: number[]): PackId[] => ordinals.map((ordinal) => owner.agent.packs[ordinal]!.packId);
  const released = (): PackId[] => packIds(1, 2);
  const everything = (): PackId[] => owner.agent.packs.map((p) => p.packId);
  const list = async (query = ''): Promise<ReleaseView[]> =>
    pageOf(releaseView).parse(expectStatus(await (await admin()).get(`/releases${query}`), 200)).items;
  const only = async (): Promise<ReleaseView> => {
    const [view, ...more] = await list();
    expect(more).toEqual([]);
    return view!;
  };
  const held = async (holder: FakeAgent): Promise<HeldReleases['releases']> =>
    expectStatus(await holder.device.fresh().get<HeldReleases>('/agent/releases'), 200).releases;
  const statements = async (holder: FakeAgent, id: string): Promise<ReleaseStatements> =>
    expectStatus(await holder.device.fresh().get<ReleaseStatements>(`/agent/releases/${id}`), 200);
  const confirm = (holder: FakeAgent, id: string) =>
    holder.device.fresh().post<SignedStatement & { code?: string }>(`/agent/releases/${id}/confirm`, { nonce });
  const snapshots = async (): Promise<number[]> =>
    expectStatus(await (await admin()).get(`/devices/${owner.agent.device.deviceId}/snapshots`), 200).items.map(
      (s: { sequence: number }) => s.sequence,
    );
  const actions = async (): Promise<string[]> =>
    expectStatus(await (await admin()).get('/audit-log?pageSize=50&order=desc'), 200).items.map((e: { action: string }) => e.action);
  const keys = () => ({
    teamId: storage.team.keys.teamId,
    ownerKey: owner.agent.device.signing.publicKey,
    rootKey: storage.team.keys.root.publicKey,
    coordinatorKey: fromBase64Url(storage.coordinator.get(CoordinatorIdentity).publicKey),
  });
  /** A holiday from which everybody comes back. */
  const passDays = async (days: number): Promise<void> => {
    await storage.coordinator.clock.advance(days * day);
    await storage.round();
    // A sweep may have seen them as missing meanwhile: what they hold counts again once they name it.
    for (const holder of holders) await holder.inventory();
    await storage.round();
  };
  /** The retention rules want nothing but the newest, so that forgetting is housekeeping. */
  const keepOnlyLast = async (): Promise<void> => {
    const client = await admin();
    const { team } = expectStatus(await client.get('/policies/team'), 200);
    const retention = { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
    expectStatus(await client.put('/policies/team', { ...team, retention }), 200);
  };
  const housekeeping = async (): Promise<string> => {
    await keepOnlyLast();
    expectStatus(await owner.forget([1]), 204);
    const { releaseId, state } = ownRelease.parse(expectStatus(await owner.submit(owner.sign(released())), 200));
    expect(state).toBe('holding');
    return releaseId;
  };

  it('leave a way back when somebody signs a head that lists every snapshot and leads nowhere, and one a week in any case', async () => {
    const kept = async (): Promise<number[]> =>
      expectStatus(await (await admin()).get(`/vaults/${owner.agent.vaultId}/heads`), 200).map(
        (h: { headSequence: number }) => h.headSequence,
      );
    await owner.backUp([0]);
    expect(await kept()).toEqual([]);
    const good = owner.head();
    const [, other] = owner.agent.packs;
    owner.indexPacks = [{ packId: other!.packId, ordinal: other!.ordinal, sizeBytes: 1000 }];
    await owner.backUp([0]);
    expect(await kept()).toEqual([owner.headSequence - 1]);
    const back = expectStatus(await (await admin()).get(`/vaults/${owner.agent.vaultId}/heads/${owner.headSequence - 1}`), 200);
    expect(back.head).toBe(good);
    await owner.backUp([0]);
    expect(await kept()).toHaveLength(1);
    await storage.coordinator.clock.advance(8 * day);
    await owner.backUp([0]);
    await owner.backUp([0]);
    expect(await kept()).toHaveLength(2);
  });

  it('are countersigned when they are housekeeping, kept for the hold, confirmed with a signature, and then gone', async () => {
    const id = await housekeeping();
    const view = await only();
    expect(view).toMatchObject({
      state: 'holding',
      flags: [],
      packs: 2,
      bytes: 2000,
      share: 0.125,
      replicasLeft: 6,
      snapshotsForgotten: 1,
    });
    expect(view.holdUntilMs! - view.countersignedAtMs!).toBe(14 * day);
    const [holder] = holders as [FakeAgent];
    expect(await held(holder)).toEqual([{ releaseId: id, state: 'holding' }]);
    const { release, countersign, cancel } = await statements(holder, id);
    expect([openCountersigned(release, countersign!, keys()).release.packIds, cancel]).toEqual([released(), null]);

    await passDays(13);
    expect((await confirm(holder, id)).body.code).toBe('release_hold_running');
    const early = await holder.device.fresh().post(`/agent/releases/${id}/deleted`, { packIds: released() });
    expect(early.body.code).toBe('release_hold_running');
    await passDays(1);
    for (const one of holders) {
      const body = openConfirm(
        expectStatus(await confirm(one, id), 200),
        release,
        openCountersigned(release, countersign!, keys()).release,
        { holderDeviceId: one.device.deviceId, nonce },
        keys().coordinatorKey,
      );
      expect([...body.packIds].sort()).toEqual(released().sort());
      for (let twice = 0; twice < 2; twice += 1)
        expectStatus(await one.device.fresh().post(`/agent/releases/${id}/deleted`, { packIds: body.packIds }), 204);
    }
    expect(await only()).toMatchObject({ state: 'done', replicasDeleted: 6, replicasLeft: 0 });
    const located = await holder.device.fresh().post('/agent/packs/locate', { packIds: everything() });
    expect(located.body.locations).toHaveLength(14);
    expect(await actions()).toEqual(expect.arrayContaining(['snapshot.forget', 'release.accept', 'release.done']));
  });

  it('cancelled after the hold: a copy counts once its holder names it, since it may be deleted and not yet told', async () => {
    const id = await housekeeping();
    await passDays(14);
    const [told, ...others] = holders as [FakeAgent, ...FakeAgent[]];
    expectStatus(await confirm(told, id), 200);
    // It deletes, and its line breaks before it could say so.
    for (const packId of released()) told.held.delete(packId);
    expectStatus(await (await admin()).post(`/releases/${id}/cancel`), 204);
    const effective = async (): Promise<(number | undefined)[]> => {
      const counts = await storage.coordinator.get(PacksService).effectiveOf(owner.agent.vaultId);
      return [counts.get(1), counts.get(2), counts.get(3)];
    };
    const firstSnapshot = async (): Promise<unknown> =>
      expectStatus(await (await admin()).get(`/devices/${owner.agent.device.deviceId}/snapshots`), 200).items.find(
        (s: { sequence: number }) => s.sequence === 1,
      )?.protection;
    expect([await effective(), await firstSnapshot()]).toEqual([[0, 0, 3], 'captured']);
    for (const holder of others) await holder.inventory();
    await told.inventory();
    expect([await effective(), await firstSnapshot()]).toEqual([[2, 2, 3], 'protected']);
    await storage.replicate();
    expect([await effective(), told.held.has(released()[0]!)]).toEqual([[3, 3, 3], true]);
  });

  it('needed again after the hold: the same', async () => {
    const id = await housekeeping();
    await passDays(14);
    const [told] = holders as [FakeAgent];
    expectStatus(await confirm(told, id), 200);
    for (const packId of released()) told.held.delete(packId);
    // A head of which the coordinator hears late lists what needs them.
    await owner.backUp([0, 1]);
    await storage.coordinator.get(SchedulesService).runNow(RELEASE_SWEEP);
    const effective = async (): Promise<number | undefined> =>
      (await storage.coordinator.get(PacksService).effectiveOf(owner.agent.vaultId)).get(1);
    expect(await effective()).toBe(0);
    for (const holder of holders) await holder.inventory();
    expect(await effective()).toBe(2);
  });

  it('stop placement and repair of their packs, and nothing else', async () => {
    await housekeeping();
    const { repair } = expectStatus(await (await admin()).get('/overview'), 200);
    expect(repair.backlogPacks).toBe(0);
    await storage.coordinator.clock.advance(1000);
    await holders[0]!.inventory([]);
    await storage.round();
    const asked = (await holders[0]!.jobs()).map((job) => (job.task.kind === 'replicate' ? job.task.packId : undefined));
    expect(asked).toHaveLength(14);
    expect(asked.filter((packId) => released().includes(packId!))).toEqual([]);
  });

  it('of a pack that a retained snapshot needs are refused: data by the snapshots, index packs by the head', async () => {
    await owner.forget([1]);
    const answers = [await owner.submit(owner.sign(packIds(1, 9))), await owner.submit(owner.sign(packIds(0)))];
    for (const answer of answers) expect([answer.status, answer.body.code]).toEqual([409, 'release_needed']);
    expect(await list()).toEqual([]);
  });

  it('of a pinned snapshot’s packs are refused, although its owner dropped it; until it is unpinned', async () => {
    const client = await admin();
    const { items } = expectStatus(await client.get(`/devices/${owner.agent.device.deviceId}/snapshots`), 200);
    const { snapshotId } = items.find((s: { sequence: number }) => s.sequence === 1);
    expectStatus(await client.put(`/snapshots/${snapshotId}/pin`, { pinned: true }), 204);
    await owner.forget([1]);
    expect(await snapshots()).toEqual([2, 1]);
    expect((await owner.submit(owner.sign(released()))).body.code).toBe('release_needed');
    expectStatus(await client.put(`/snapshots/${snapshotId}/pin`, { pinned: false }), 204);
    await owner.putHead();
    expect(await snapshots()).toEqual([2]);
    expectStatus(await owner.submit(owner.sign(released())), 200);
    for (const role of ['auditor', 'restore-operator'] as const)
      expect((await (await storage.team.people(role)).put(`/snapshots/${snapshotId}/pin`, { pinned: true })).status).toBe(403);
  });

  it('wait for a person when the retention rules still keep what was dropped, and say why', async () => {
    await owner.forget([1]);
    expect(expectStatus(await owner.submit(owner.sign(released())), 200).state).toBe('waiting');
    expect(await only()).toMatchObject({ state: 'waiting', flags: ['kept-by-retention'], holdUntilMs: null });
    expect((await only()).explanation).toMatch(/drops 1 snapshot that the retention rules still keep/);
    expect(await held(holders[0]!)).toEqual([]);
    const overview = expectStatus(await (await admin()).get('/overview'), 200);
    expect(overview.level).not.toBe('protected');
    expect(overview.reasons[0].text).toMatch(/laptop-1 wants to delete 13 % of its backups/);
  });

  it('that give everything away are shown at once, touch nothing, and a cancel brings everything back', async () => {
    await owner.forget([1, 2]);
    const answer = await owner.submit(owner.sign(everything()));
    expect(expectStatus(answer, 200).state).toBe('waiting');
    const view = await only();
    expect(view).toMatchObject({ share: 1, flags: ['large-share', 'kept-by-retention'], snapshotsForgotten: 2 });
    // Nobody looks: it waits for ever.
    await passDays(40);
    await storage.coordinator.get(SchedulesService).runNow(RELEASE_SWEEP);
    expect(await held(holders[0]!)).toEqual([]);
    // Somebody approves by mistake; the hold still stands between.
    expect((await (await storage.team.people('auditor')).post(`/releases/${view.releaseId}/approve`)).status).toBe(403);
    expectStatus(await (await admin()).post(`/releases/${view.releaseId}/approve`), 204);
    expect(await only()).toMatchObject({ state: 'holding', decidedBy: 'admin@example.org', replicasLeft: 48 });
    const kept = await statements(holders[0]!, view.releaseId);
    await passDays(10);
    expect((await (await storage.team.people('restore-operator')).post(`/releases/${view.releaseId}/cancel`)).status).toBe(403);
    for (let twice = 0; twice < 2; twice += 1) expectStatus(await (await admin()).post(`/releases/${view.releaseId}/cancel`), 204);

    expect(await only()).toMatchObject({ state: 'cancelled' });
    expect(await snapshots()).toEqual([2, 1]);
    const { items } = expectStatus(await (await admin()).get(`/devices/${owner.agent.device.deviceId}/snapshots`), 200);
    expect(items.map((s: { protection: string }) => s.protection)).toEqual(['full', 'full']);
    expect(await held(holders[0]!)).toEqual([{ releaseId: view.releaseId, state: 'cancelled' }]);
    const { cancel } = await statements(holders[0]!, view.releaseId);
    const { release } = openCountersigned(kept.release, kept.countersign!, keys());
    expect(openCancel(cancel!, kept.release, release, keys().coordinatorKey).vaultId).toBe(owner.agent.vaultId);
    await passDays(30);
    expect((await confirm(holders[0]!, view.releaseId)).body.code).toBe('release_cancelled');
    // The head from before the attack is still here.
    const heads = expectStatus(await (await admin()).get(`/vaults/${owner.agent.vaultId}/heads`), 200);
    const before = heads.find((h: { snapshots: number[] }) => h.snapshots.length === 2);
    const bytes = expectStatus(await (await admin()).get(`/vaults/${owner.agent.vaultId}/heads/${before.headSequence}`), 200).head;
    expect(bytes).toBe(owner.head({ snapshots: [1, 2], sequence: 3 }));
    // Copies placed from now on belong to the next generation.
    await storage.coordinator.clock.advance(1000);
    await holders[0]!.inventory([]);
    await storage.round();
    const generations = (await holders[0]!.jobs()).map((job) => job.task.kind === 'replicate' && job.task.generation);
    expect(new Set(generations)).toEqual(new Set([1]));
    expect(await storage.coordinator.get(KeptHeadsService).stored(owner.agent.vaultId)).toBe(bytes);
    // What was cancelled once is never housekeeping again, and needs the new generation.
    expect(await owner.own()).toMatchObject({ generation: 1 });
    expect((await owner.submit(owner.sign(released()))).body.code).toBe('release_replayed');
    await owner.putHead();
    expect((await owner.submit(owner.sign(released(), { generation: 1 }))).body.code).toBe('release_needed');
    // And it is the vault's head again, pinned snapshots and all, until their owner writes a newer one.
    const client = await admin();
    for (const { snapshotId } of items) expectStatus(await client.put(`/snapshots/${snapshotId}/pin`, { pinned: false }), 204);
    await owner.forget([]);
    const again = await owner.submit(owner.sign(released(), { generation: 1 }));
    expect(expectStatus(again, 200).state).toBe('waiting');
    expect((await list())[0]!.flags).toContain('cancelled-before');
    expect(await actions()).toEqual(expect.arrayContaining(['release.wait', 'release.approve', 'release.cancel']));
  });

  it('in slices come to the same as one that is large', async () => {
    await keepOnlyLast();
    await owner.backUp([0]);
    await owner.forget([1, 2]);
    const states: string[] = [];
    for (let n = 1; n <= 6; n += 1) states.push(expectStatus(await owner.submit(owner.sign(packIds(n))), 200).state);
    expect(states).toEqual(['holding', 'holding', 'holding', 'waiting', 'waiting', 'waiting']);
  });

  it('are accepted once: the same statement changes nothing, and any other of its number or before is refused', async () => {
    await keepOnlyLast();
    await owner.forget([1]);
    const statement = owner.sign(packIds(1));
    const first = expectStatus(await owner.submit(statement), 200);
    expect(expectStatus(await owner.submit(statement), 200)).toEqual(first);
    const replayed = [
      owner.sign(packIds(2), { releaseSequence: 1 }),
      owner.sign(packIds(2), { releaseId: first.releaseId }),
      owner.sign(packIds(2), { releaseSequence: 9, generation: 3 }),
    ];
    for (const one of replayed) expect((await owner.submit(one)).body.code).toBe('release_replayed');
    expect(await list()).toHaveLength(1);
    // A pack has one open release: naming it again adds nothing.
    const more = expectStatus(await owner.submit(owner.sign(packIds(1, 2), { releaseSequence: 10 })), 200);
    expect((await list()).find((r) => r.releaseId === more.releaseId)).toMatchObject({ packs: 1 });
  });

  it('by anybody but the owner are refused', async () => {
    await owner.forget([1]);
    const stranger = holders[0]!.device;
    const body = owner.body(released());
    const forged = signRelease(body, stranger.signing.secretKey);
    expect((await owner.submit(forged)).body.code).toBe('release_invalid');
    expect((await stranger.fresh().post('/agent/releases', { release: owner.sign(released()) })).body.code).toBe('vault_not_yours');
    const otherVault = new ReleasingOwner(storage, holders[1]!);
    await holders[1]!.announce(holders[1]!.newPacks(2));
    await otherVault.backUp([0, 1]);
    expect((await otherVault.submit(otherVault.sign(released()))).body.code).toBe('release_invalid');
    expect((await owner.submit(owner.sign(released(), { teamId: body.releaseId }))).body.code).toBe('release_invalid');
    expect((await owner.submit({ ...owner.sign(released()), payload: 'AAAA' })).body.code).toBe('release_invalid');
    expect(await list()).toEqual([]);
  });

  it('wait for the head that they follow from, and for the copies that replace their packs', async () => {
    await keepOnlyLast();
    owner.headSequence += 1;
    const early = await owner.submit(owner.sign(released()));
    expect([early.status, early.body.code]).toEqual([409, 'release_head_missing']);
    // Snapshot 2 moves to new packs that nobody has yet.
    const [fresh] = owner.agent.newPacks(1);
    await owner.agent.announce([fresh!]);
    expectStatus(await owner.forget([1], [{ sequence: 2, ordinals: [0, fresh!.ordinal] }]), 204);
    const rewrite = (): Promise<{ status: number; body: { code?: string; state: string } }> =>
      owner.submit(owner.sign(packIds(5, 6, 7), { reason: 'rewrite' }));
    expect((await rewrite()).body.code).toBe('release_too_early');
    await storage.replicate();
    expect((await rewrite()).body.state).toBe('holding');
  });

  it('give up packs that a later snapshot needs again, before and at the confirmation', async () => {
    const id = await housekeeping();
    await owner.backUp([0, 2, 5]);
    await passDays(14);
    const confirmed = expectStatus(await confirm(holders[0]!, id), 200);
    const { packIds: dead } = JSON.parse(Buffer.from(confirmed.payload, 'base64url').toString()) as { packIds: PackId[] };
    expect(dead).toEqual(packIds(1));
    expect(await actions()).toContain('release.revive');
  });

  it('are done although a holder was revoked that can delete nothing any more', async () => {
    const id = await housekeeping();
    const [thief, ...others] = holders;
    expectStatus(await (await admin()).post(`/devices/${thief!.device.deviceId}/revoke`), 204);
    await storage.coordinator.clock.advance(14 * day);
    for (const one of others) expectStatus(await one.device.fresh().post(`/agent/releases/${id}/deleted`, { packIds: released() }), 204);
    expect(await only()).toMatchObject({ state: 'done' });
  });

  it('survive a restart of the coordinator', async () => {
    const id = await housekeeping();
    await passDays(14);
    const again = await storage.coordinator.restart();
    const { token } = again.get(DeviceTokensService).issue(holders[0]!.device.deviceId);
    const client = again.anyone.with({ authorization: `Bearer ${token}` });
    expectStatus(await client.post(`/agent/releases/${id}/confirm`, { nonce }), 200);
    await again.close();
    storage = await startStorageTeam(0);
  });

  it('of a vault whose device is gone take the team root, and then wait for a person as well', async () => {
    const root = storage.team.keys.root.secretKey;
    const sender = holders[0]!.device;
    const send = (release: SignedStatement) => sender.fresh().post('/agent/releases', { release });
    const whole = (): SignedStatement => signRootRelease(owner.body(everything(), { reason: 'leaver' }), root);
    expect((await send(whole())).body.code).toBe('owner_not_gone');
    expectStatus(await (await admin()).post(`/devices/${owner.agent.device.deviceId}/revoke`), 204);
    expect((await owner.submit(owner.sign(released()))).status).toBe(403);
    expect((await send(signRootRelease(owner.body(everything()), sender.signing.secretKey))).body.code).toBe('release_invalid');
    expect(expectStatus(await send(whole()), 200).state).toBe('waiting');
    expect((await only()).flags).toEqual(expect.arrayContaining(['whole-vault', 'large-share']));
    expectStatus(await (await admin()).post(`/releases/${(await only()).releaseId}/approve`), 204);
    expect((await only()).state).toBe('holding');
  });

  it('leave heads alone that are not the owner’s, are forks, or are older', async () => {
    const put = async (over: Record<string, unknown>): Promise<unknown> => (await owner.putHead(over)).body?.code;
    expect(await put({ head: toBase64Url(new Uint8Array(100)) })).toBe('head_invalid');
    expect(await put({ head: owner.head({ snapshots: [2] }) })).toBe('head_invalid');
    expect(await put({ head: owner.head({ snapshots: [], sequence: 2 }) })).toBeUndefined();
    expect(await snapshots()).toEqual([2, 1]);
  });
});
