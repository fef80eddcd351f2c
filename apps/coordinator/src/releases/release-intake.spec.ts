import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SignedStatement } from '#libs/contracts';
import { openCancel, openCountersigned, signRelease, signRootRelease } from '#libs/crypto';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import { ReleasesTeam } from '../testing/releases-team.ts';
import { ReleasingOwner } from '../testing/releasing-owner.ts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import { RELEASE_SWEEP } from './release-sweep.service.ts';

describe('releases', () => {
  let team: ReleasesTeam;

  beforeEach(async () => {
    team = await ReleasesTeam.start();
  });
  afterEach(() => team.storage.close());

  it('of a pack that a retained snapshot needs are refused: data by the snapshots, index packs by the head', async () => {
    await team.owner.forget([1]);
    const answers = [
      await team.owner.submit(team.owner.sign(team.packIds(1, 9))),
      await team.owner.submit(team.owner.sign(team.packIds(0))),
    ];
    for (const answer of answers) expect([answer.status, answer.body.code]).toEqual([409, 'release_needed']);
    expect(await team.list()).toEqual([]);
  });

  it('of a pinned snapshot’s packs are refused, although its owner dropped it; until it is unpinned', async () => {
    const client = await team.admin();
    const { items } = expectStatus(await client.get(`/devices/${team.owner.agent.device.deviceId}/snapshots`), 200);
    const { snapshotId } = items.find((s: { sequence: number }) => s.sequence === 1);
    expectStatus(await client.put(`/snapshots/${snapshotId}/pin`, { pinned: true }), 204);
    await team.owner.forget([1]);
    expect(await team.snapshots()).toEqual([2, 1]);
    expect((await team.owner.submit(team.owner.sign(team.released()))).body.code).toBe('release_needed');
    expectStatus(await client.put(`/snapshots/${snapshotId}/pin`, { pinned: false }), 204);
    await team.owner.putHead();
    expect(await team.snapshots()).toEqual([2]);
    expectStatus(await team.owner.submit(team.owner.sign(team.released())), 200);
    for (const role of ['auditor', 'restore-operator'] as const)
      expect((await (await team.storage.team.people(role)).put(`/snapshots/${snapshotId}/pin`, { pinned: true })).status).toBe(403);
  });

  it('wait for a person when the retention rules still keep what was dropped, and say why', async () => {
    await team.owner.forget([1]);
    expect(expectStatus(await team.owner.submit(team.owner.sign(team.released())), 200).state).toBe('waiting');
    expect(await team.only()).toMatchObject({ state: 'waiting', flags: ['kept-by-retention'], holdUntilMs: null });
    expect((await team.only()).explanation).toMatch(/drops 1 snapshot that the retention rules still keep/);
    expect(await team.held(team.holders[0]!)).toEqual([]);
    const overview = expectStatus(await (await team.admin()).get('/overview'), 200);
    expect(overview.level).not.toBe('protected');
    expect(overview.reasons[0].text).toMatch(/laptop-1 wants to delete 13 % of its backups/);
  });

  it('that give everything away are shown at once, touch nothing, and a cancel brings everything back', async () => {
    await team.owner.forget([1, 2]);
    const answer = await team.owner.submit(team.owner.sign(team.everything()));
    expect(expectStatus(answer, 200).state).toBe('waiting');
    const view = await team.only();
    expect(view).toMatchObject({ share: 1, flags: ['large-share', 'kept-by-retention'], snapshotsForgotten: 2 });
    // Nobody looks: it waits for ever.
    await team.passDays(40);
    await team.storage.coordinator.get(SchedulesService).runNow(RELEASE_SWEEP);
    expect(await team.held(team.holders[0]!)).toEqual([]);
    // Somebody approves by mistake; the hold still stands between.
    expect((await (await team.storage.team.people('auditor')).post(`/releases/${view.releaseId}/approve`)).status).toBe(403);
    expectStatus(await (await team.admin()).post(`/releases/${view.releaseId}/approve`), 204);
    expect(await team.only()).toMatchObject({ state: 'holding', decidedBy: 'admin@example.org', replicasLeft: 48 });
    const kept = await team.statements(team.holders[0]!, view.releaseId);
    await team.passDays(10);
    expect((await (await team.storage.team.people('restore-operator')).post(`/releases/${view.releaseId}/cancel`)).status).toBe(403);
    for (let twice = 0; twice < 2; twice += 1) expectStatus(await (await team.admin()).post(`/releases/${view.releaseId}/cancel`), 204);

    expect(await team.only()).toMatchObject({ state: 'cancelled' });
    expect(await team.snapshots()).toEqual([2, 1]);
    const { items } = expectStatus(await (await team.admin()).get(`/devices/${team.owner.agent.device.deviceId}/snapshots`), 200);
    expect(items.map((s: { protection: string }) => s.protection)).toEqual(['full', 'full']);
    expect(await team.held(team.holders[0]!)).toEqual([{ releaseId: view.releaseId, state: 'cancelled' }]);
    const { cancel } = await team.statements(team.holders[0]!, view.releaseId);
    const { release } = openCountersigned(kept.release, kept.countersign!, team.keys());
    expect(openCancel(cancel!, kept.release, release, team.keys().coordinatorKey).vaultId).toBe(team.owner.agent.vaultId);
    await team.passDays(30);
    expect((await team.confirm(team.holders[0]!, view.releaseId)).body.code).toBe('release_cancelled');
    // The head from before the attack is still here.
    const heads = expectStatus(await (await team.admin()).get(`/vaults/${team.owner.agent.vaultId}/heads`), 200);
    const before = heads.find((h: { snapshots: number[] }) => h.snapshots.length === 2);
    const bytes = expectStatus(
      await (await team.admin()).get(`/vaults/${team.owner.agent.vaultId}/heads/${before.headSequence}`),
      200,
    ).head;
    expect(bytes).toBe(team.owner.head({ snapshots: [1, 2], sequence: 3 }));
    // Copies placed from now on belong to the next generation.
    await team.storage.coordinator.clock.advance(1000);
    await team.holders[0]!.inventory([]);
    await team.storage.round();
    const generations = (await team.holders[0]!.jobs()).map((job) => job.task.kind === 'replicate' && job.task.generation);
    expect(new Set(generations)).toEqual(new Set([1]));
    expect(await team.storage.coordinator.get(KeptHeadsService).stored(team.owner.agent.vaultId)).toBe(bytes);
    // What was cancelled once is never housekeeping again, and needs the new generation.
    expect(await team.owner.own()).toMatchObject({ generation: 1 });
    expect((await team.owner.submit(team.owner.sign(team.released()))).body.code).toBe('release_replayed');
    await team.owner.putHead();
    expect((await team.owner.submit(team.owner.sign(team.released(), { generation: 1 }))).body.code).toBe('release_needed');
    // And it is the vault's head again, pinned snapshots and all, until their owner writes a newer one.
    const client = await team.admin();
    for (const { snapshotId } of items) expectStatus(await client.put(`/snapshots/${snapshotId}/pin`, { pinned: false }), 204);
    await team.owner.forget([]);
    const again = await team.owner.submit(team.owner.sign(team.released(), { generation: 1 }));
    expect(expectStatus(again, 200).state).toBe('waiting');
    expect((await team.list())[0]!.flags).toContain('cancelled-before');
    expect(await team.actions()).toEqual(expect.arrayContaining(['release.wait', 'release.approve', 'release.cancel']));
  });

  it('in slices come to the same as one that is large', async () => {
    await team.keepOnlyLast();
    await team.owner.backUp([0]);
    await team.owner.forget([1, 2]);
    const states: string[] = [];
    for (let n = 1; n <= 6; n += 1) states.push(expectStatus(await team.owner.submit(team.owner.sign(team.packIds(n))), 200).state);
    expect(states).toEqual(['holding', 'holding', 'holding', 'waiting', 'waiting', 'waiting']);
  });

  it('are accepted once: the same statement changes nothing, and any other of its number or before is refused', async () => {
    await team.keepOnlyLast();
    await team.owner.forget([1]);
    const statement = team.owner.sign(team.packIds(1));
    const first = expectStatus(await team.owner.submit(statement), 200);
    expect(expectStatus(await team.owner.submit(statement), 200)).toEqual(first);
    const replayed = [
      team.owner.sign(team.packIds(2), { releaseSequence: 1 }),
      team.owner.sign(team.packIds(2), { releaseId: first.releaseId }),
      team.owner.sign(team.packIds(2), { releaseSequence: 9, generation: 3 }),
    ];
    for (const one of replayed) expect((await team.owner.submit(one)).body.code).toBe('release_replayed');
    expect(await team.list()).toHaveLength(1);
    // A pack has one open release: naming it again adds nothing.
    const more = expectStatus(await team.owner.submit(team.owner.sign(team.packIds(1, 2), { releaseSequence: 10 })), 200);
    expect((await team.list()).find((r) => r.releaseId === more.releaseId)).toMatchObject({ packs: 1 });
  });

  it('by anybody but the owner are refused', async () => {
    await team.owner.forget([1]);
    const stranger = team.holders[0]!.device;
    const body = team.owner.body(team.released());
    const forged = signRelease(body, stranger.signing.secretKey);
    expect((await team.owner.submit(forged)).body.code).toBe('release_invalid');
    expect((await stranger.fresh().post('/agent/releases', { release: team.owner.sign(team.released()) })).body.code).toBe(
      'vault_not_yours',
    );
    const otherVault = new ReleasingOwner(team.storage, team.holders[1]!);
    await team.holders[1]!.announce(team.holders[1]!.newPacks(2));
    await otherVault.backUp([0, 1]);
    expect((await otherVault.submit(otherVault.sign(team.released()))).body.code).toBe('release_invalid');
    expect((await team.owner.submit(team.owner.sign(team.released(), { teamId: body.releaseId }))).body.code).toBe('release_invalid');
    expect((await team.owner.submit({ ...team.owner.sign(team.released()), payload: 'AAAA' })).body.code).toBe('release_invalid');
    expect(await team.list()).toEqual([]);
  });

  it('wait for the head that they follow from, and for the copies that replace their packs', async () => {
    await team.keepOnlyLast();
    team.owner.headSequence += 1;
    const early = await team.owner.submit(team.owner.sign(team.released()));
    expect([early.status, early.body.code]).toEqual([409, 'release_head_missing']);
    // Snapshot 2 moves to new packs that nobody has yet.
    const [fresh] = team.owner.agent.newPacks(1);
    await team.owner.agent.announce([fresh!]);
    expectStatus(await team.owner.forget([1], [{ sequence: 2, ordinals: [0, fresh!.ordinal] }]), 204);
    const rewrite = (): Promise<{ status: number; body: { code?: string; state: string } }> =>
      team.owner.submit(team.owner.sign(team.packIds(5, 6, 7), { reason: 'rewrite' }));
    expect((await rewrite()).body.code).toBe('release_too_early');
    await team.storage.replicate();
    expect((await rewrite()).body.state).toBe('holding');
  });

  it('of a vault whose device is gone take the team root, and then wait for a person as well', async () => {
    const root = team.storage.team.keys.root.secretKey;
    const sender = team.holders[0]!.device;
    const send = (release: SignedStatement) => sender.fresh().post('/agent/releases', { release });
    const whole = (): SignedStatement => signRootRelease(team.owner.body(team.everything(), { reason: 'leaver' }), root);
    expect((await send(whole())).body.code).toBe('owner_not_gone');
    expectStatus(await (await team.admin()).post(`/devices/${team.owner.agent.device.deviceId}/revoke`), 204);
    expect((await team.owner.submit(team.owner.sign(team.released()))).status).toBe(403);
    expect((await send(signRootRelease(team.owner.body(team.everything()), sender.signing.secretKey))).body.code).toBe('release_invalid');
    expect(expectStatus(await send(whole()), 200).state).toBe('waiting');
    expect((await team.only()).flags).toEqual(expect.arrayContaining(['whole-vault', 'large-share']));
    expectStatus(await (await team.admin()).post(`/releases/${(await team.only()).releaseId}/approve`), 204);
    expect((await team.only()).state).toBe('holding');
  });
});
