import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Release, ReleaseStatements, ReleaseView, RootReleasePlan, SignedStatement, Snapshot } from '#libs/contracts';
import { pageOf, releaseView, rootReleasePlan, snapshot } from '#libs/contracts';
import { newSigningKeyPair, openConfirm, openCountersigned, signRelease, signRootRelease } from '#libs/crypto';
import type { PackId } from '#libs/kernel';
import { fromBase64Url, systemRandom, toBase64Url } from '#libs/kernel';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import { ReleasingOwner } from '../testing/releasing-owner.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';
import type { Answer, TestClient } from '../testing/test-client.ts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';
import { LOST_OWNERS } from './lost-owners.service.ts';
import { RELEASE_SWEEP } from './release-sweep.service.ts';

const day = 86_400_000;
const nonce = toBase64Url(new Uint8Array(32).fill(7));

describe('giving up the vault of a device that is gone', () => {
  let storage: StorageTeam;
  let owner: ReleasingOwner;
  let holders: FakeAgent[];

  /** Six packs at both colleagues, two snapshots. */
  beforeEach(async () => {
    storage = await startStorageTeam(3);
    const [first, ...others] = storage.agents as [FakeAgent, ...FakeAgent[]];
    holders = others;
    owner = new ReleasingOwner(storage, first);
    await storage.setReplicas(2, 2);
    await first.announce(first.newPacks(6));
    await owner.backUp([0, 1, 2, 3, 4, 5]);
    await owner.backUp([0, 3, 4, 5]);
    await storage.replicate();
  });
  afterEach(() => storage.close());

  const admin = (): Promise<TestClient> => storage.team.people('admin');
  const path = (agent = owner.agent): string => `/devices/${agent.device.deviceId}/root-release`;
  const act = async (what: 'revoke' | 'lost' | 'reactivate'): Promise<void> =>
    void expectStatus(await (await admin()).post(`/devices/${owner.agent.device.deviceId}/${what}`), 204);
  const plan = async (): Promise<RootReleasePlan> => rootReleasePlan.parse(expectStatus(await (await admin()).get(path()), 200));
  const root = (): Uint8Array => storage.team.keys.root.secretKey;
  /** What the panel's worker makes of the plan. */
  const bodyOf = ({ next }: RootReleasePlan, over: Partial<Release> = {}): Release => ({
    ...next!,
    releaseId: randomUUID(),
    atMs: 1,
    ...over,
  });
  const send = async (release: SignedStatement, to = path()): Promise<Answer<ReleaseView & { code?: string }>> =>
    (await admin()).post(to, { release });
  const giveUp = async (): Promise<ReleaseView> =>
    releaseView.parse(expectStatus(await send(signRootRelease(bodyOf(await plan()), root())), 200));
  const releases = async (): Promise<ReleaseView[]> =>
    pageOf(releaseView).parse(expectStatus(await (await admin()).get('/releases'), 200)).items;
  /** Signed in anew: days have passed. */
  const snapshots = async (): Promise<Snapshot[]> =>
    pageOf(snapshot).parse(expectStatus(await (await admin()).get(`/devices/${owner.agent.device.deviceId}/snapshots`), 200)).items;
  const confirm = (holder: FakeAgent, id: string): Promise<Answer<SignedStatement & { code?: string }>> =>
    holder.device.fresh().post(`/agent/releases/${id}/confirm`, { nonce });
  const runLostOwners = (): Promise<unknown> => storage.coordinator.get(SchedulesService).runNow(LOST_OWNERS);
  const keys = () => ({
    teamId: storage.team.keys.teamId,
    ownerKey: owner.agent.device.signing.publicKey,
    rootKey: storage.team.keys.root.publicKey,
    coordinatorKey: fromBase64Url(storage.coordinator.get(CoordinatorIdentity).publicKey),
  });
  const trail = async (): Promise<string[]> =>
    expectStatus(await (await admin()).get('/audit-log?pageSize=50&order=desc'), 200).items.map(
      (e: { actor: string; action: string }) => `${e.actor} ${e.action}`,
    );
  /** Colleagues' machines work on; the owner's is silent. */
  const passDays = async (days: number): Promise<void> => {
    await storage.coordinator.clock.advance(days * day);
    await storage.round(holders);
    for (const holder of holders) await holder.inventory();
  };

  it('says beforehand what it comes to: how much, who gets room back, how long it can be cancelled', async () => {
    await act('revoke');
    const { next, ...facts } = await plan();
    expect(facts).toMatchObject({
      ...{ deviceName: 'laptop-1', state: 'revoked', snapshots: 2, packs: 6, bytes: 6000, holdMs: 14 * day, statements: 1, open: [] },
      holders: [
        { deviceName: 'laptop-2', packs: 6, bytes: 6000 },
        { deviceName: 'laptop-3', packs: 6, bytes: 6000 },
      ],
    });
    expect(next).toEqual({
      ...{ teamId: storage.team.keys.teamId, vaultId: owner.agent.vaultId, ownerDeviceId: owner.agent.device.deviceId },
      ...{ releaseSequence: 1, headSequence: owner.headSequence, generation: 0, reason: 'leaver' },
      packIds: owner.agent.packs.map((pack) => pack.packId),
    });
  });

  it('is for owners and admins, and for devices that are revoked or lost', async () => {
    const early = signRootRelease({ ...owner.body(owner.agent.packs.map((p) => p.packId)), reason: 'leaver' }, root());
    for (const answer of [await (await admin()).get(path()), await send(early)])
      expect([answer.status, answer.body.code]).toEqual([409, 'owner_not_gone']);
    await act('revoke');
    for (const role of ['auditor', 'restore-operator'] as const) {
      const person = await storage.team.people(role);
      expect([(await person.get(path())).status, (await person.post(path(), { release: early })).status]).toEqual([403, 403]);
    }
    const { cookie } = (await admin()).headers;
    expect((await storage.coordinator.anyone.with({ cookie: cookie! }).post(path(), { release: early })).body.code).toBe(
      'csrf_token_missing',
    );
    expect((await storage.coordinator.anyone.post(path(), { release: early })).status).toBe(401);
    expect((await holders[0]!.device.fresh().post(path(), { release: early })).status).toBe(401);
    expect((await (await admin()).get(`/devices/${randomUUID()}/root-release`)).body.code).toBe('device_not_found');
    expectStatus(await (await admin()).post(`/devices/${holders[0]!.device.deviceId}/revoke`), 204);
    expect((await (await admin()).get(path(holders[0]))).body).toMatchObject({ code: 'vault_not_found' });
    expect(await releases()).toEqual([]);
  });

  it('begins the hold at once, shown and logged with who did it, for holders to verify', async () => {
    await act('revoke');
    const view = await giveUp();
    expect(view).toMatchObject({ state: 'holding', reason: 'leaver', packs: 6, bytes: 6000, share: 1, decidedBy: 'admin@example.org' });
    expect(view.flags).toContain('whole-vault');
    expect(view.holdUntilMs! - view.countersignedAtMs!).toBe(14 * day);
    expect(await releases()).toEqual([view]);
    expect((await trail()).slice(0, 2)).toEqual(['admin@example.org release.approve', 'team root release.wait']);
    const { reasons } = expectStatus(await (await admin()).get('/overview'), 200);
    expect(reasons[0].text).toMatch(
      /^The vault of laptop-1 is given up: colleagues delete it from \d{4}-\d\d-\d\d on; admin@example.org decided it\.$/,
    );
    for (const holder of holders) {
      expect(expectStatus(await holder.device.fresh().get('/agent/releases'), 200).releases).toEqual([
        { releaseId: view.releaseId, state: 'holding' },
      ]);
      const { release, countersign } = expectStatus(
        await holder.device.fresh().get<ReleaseStatements>(`/agent/releases/${view.releaseId}`),
        200,
      );
      expect(openCountersigned(release, countersign!, keys()).release.packIds).toHaveLength(6);
      expect((await confirm(holder, view.releaseId)).body.code).toBe('release_hold_running');
    }
    expect(await plan()).toMatchObject({ packs: 0, bytes: 0, holders: [], statements: 0, next: null, open: [view] });
    // Nothing is lost yet: snapshots are there and count, and nobody repairs them.
    expect((await snapshots()).map((s) => s.protection)).toEqual(['full', 'full']);
  });

  it('leaves nothing behind once holders have deleted: no pack, no snapshot, no head, and no alarm', async () => {
    await act('revoke');
    const { releaseId } = await giveUp();
    await passDays(14);
    const told = expectStatus(await (await admin()).get('/overview'), 200).reasons.map((reason: { text: string }) => reason.text);
    expect(told.filter((text: string) => text.includes('given up'))).toEqual([]);
    for (const holder of holders) {
      const { release, countersign } = expectStatus(
        await holder.device.fresh().get<ReleaseStatements>(`/agent/releases/${releaseId}`),
        200,
      );
      const body = openCountersigned(release, countersign!, keys()).release;
      const expected = { holderDeviceId: holder.device.deviceId, nonce };
      const confirmed = expectStatus(await confirm(holder, releaseId), 200);
      const { packIds } = openConfirm(confirmed, release, body, expected, keys().coordinatorKey);
      expect(packIds).toHaveLength(6);
      holder.held.clear();
      expectStatus(await holder.device.fresh().post(`/agent/releases/${releaseId}/deleted`, { packIds }), 204);
    }
    expect(await releases()).toMatchObject([{ state: 'done', replicasDeleted: 12, replicasLeft: 0 }]);
    expect(await snapshots()).toEqual([]);
    expect(await storage.coordinator.get(VaultsService).get(owner.agent.vaultId)).toMatchObject({ packs: 0, bytes: 0, headSequence: null });
    expect(await storage.coordinator.get(KeptHeadsService).stored(owner.agent.vaultId)).toBeNull();
    expect(await plan()).toMatchObject({ snapshots: 0, newestSnapshotAtMs: null, packs: 0, next: null, open: [] });
    expect((await confirm(holders[0]!, releaseId)).body.code).toBe('release_not_found');
    const { headers } = await admin();
    const again = await storage.coordinator.restart();
    expect((await again.anyone.with(headers).get('/rebuild')).body).toMatchObject({ frozen: false });
    await again.close();
    storage = await startStorageTeam(0);
  });

  it('takes the root’s signature over this device’s vault, and nothing else', async () => {
    await act('revoke');
    const shown = await plan();
    const other = holders[1]!;
    await other.announce(other.newPacks(1));
    await other.commit();
    expectStatus(await (await admin()).post(`/devices/${other.device.deviceId}/revoke`), 204);
    const coordinatorSecret = storage.coordinator.get(CoordinatorIdentity).use((key) => key);
    const hostile: [string, SignedStatement, string?][] = [
      ['a stranger’s root', signRootRelease(bodyOf(shown), newSigningKeyPair(systemRandom).secretKey)],
      ['the coordinator’s key', signRootRelease(bodyOf(shown), coordinatorSecret)],
      ['the stolen device’s key', signRootRelease(bodyOf(shown), owner.agent.device.signing.secretKey)],
      ['the device’s own release', signRelease(bodyOf(shown), owner.agent.device.signing.secretKey)],
      ['the root as the owner', signRelease(bodyOf(shown), root())],
      ['another team', signRootRelease(bodyOf(shown, { teamId: randomUUID() }), root())],
      ['another owner', signRootRelease(bodyOf(shown, { ownerDeviceId: other.device.deviceId }), root())],
      ['another vault', signRootRelease(bodyOf(shown, { vaultId: other.vaultId }), root())],
      ['by another device’s address', signRootRelease(bodyOf(shown), root()), path(other)],
      ['a pack of another vault', signRootRelease(bodyOf(shown, { packIds: [other.packs[0]!.packId] }), root())],
      ['a pack that nobody knows', signRootRelease(bodyOf(shown, { packIds: [owner.agent.newPacks(1)[0]!.packId] }), root())],
      ['one holder only', signRootRelease(bodyOf(shown, { onlyHolder: holders[0]!.device.deviceId }), root())],
      ['another payload', { ...signRootRelease(bodyOf(shown), root()), payload: toBase64Url(Buffer.from(JSON.stringify(bodyOf(shown)))) }],
    ];
    for (const [what, statement, to] of hostile) {
      const { status, body } = await send(statement, to);
      expect([what, status, body.code]).toEqual([what, 422, 'release_invalid']);
    }
    expect((await send({ ...hostile[0]![1], type: 'roster' })).body.code).toBe('release_invalid');
    expect(await releases()).toEqual([]);
    expect((await trail()).filter((line) => line.includes('release.'))).toEqual([]);
  });

  it('refuses what is too large or no statement at all before it looks at it', async () => {
    await act('revoke');
    const good = signRootRelease(bodyOf(await plan()), root());
    const client = await admin();
    const bodies: [unknown, number][] = [
      [{ release: { ...good, payload: 'A'.repeat(5_700_000) } }, 400],
      [{ release: { ...good, payload: 'A'.repeat(26_000_000) } }, 413],
      [{ release: { ...good, type: 'x'.repeat(41) } }, 400],
      [{ release: { ...good, signature: 'A' } }, 400],
      [{ release: good, approve: true }, 400],
      [{ release: [good] }, 400],
      [{}, 400],
      [{ release: { ...good, payload: toBase64Url(Buffer.from('[]')) } }, 422],
      [{ release: { ...good, payload: '' } }, 422],
    ];
    for (const [body, status] of bodies) expect((await client.post(path(), body)).status).toBe(status);
    expect(await releases()).toEqual([]);
  });

  it('counts a statement once: again it changes nothing, and what came before a cancel is void', async () => {
    await act('revoke');
    const before = await plan();
    const statement = signRootRelease(bodyOf(before), root());
    const view = expectStatus(await send(statement), 200);
    expect(expectStatus(await send(statement), 200)).toEqual(view);
    expect((await send(signRootRelease(bodyOf(before), root()))).body.code).toBe('release_replayed');
    expectStatus(await (await admin()).post(`/releases/${view.releaseId}/cancel`), 204);
    expect(expectStatus(await send(statement), 200)).toMatchObject({ state: 'cancelled' });
    expect((await send(signRootRelease(bodyOf(before, { releaseSequence: 2 }), root()))).body.code).toBe('release_replayed');
    expect((await snapshots()).map((s) => s.protection)).toEqual(['full', 'full']);
    // Anew, for the generation after the cancel.
    expect((await plan()).next).toMatchObject({ releaseSequence: 2, generation: 1 });
    expect(await giveUp()).toMatchObject({ state: 'holding' });
    expect((await releases()).map((one) => one.state).sort()).toEqual(['cancelled', 'holding']);
  });

  it('waits for an admin when a device brings it', async () => {
    await act('revoke');
    const statement = signRootRelease(bodyOf(await plan()), root());
    const carried = await holders[0]!.device.fresh().post('/agent/releases', { release: statement });
    expect(expectStatus(carried, 200).state).toBe('waiting');
    const { reasons } = expectStatus(await (await admin()).get('/overview'), 200);
    expect(reasons[0].text).toMatch(/^Somebody with the recovery kit gives the vault of laptop-1 up/);
    expect(await plan()).toMatchObject({ packs: 0, next: null, open: [{ state: 'waiting' }] });
    expect(expectStatus(await holders[0]!.device.fresh().get('/agent/releases'), 200).releases).toEqual([]);
  });

  it('takes as many statements as the vault needs', async () => {
    const many = owner.agent.newPacks(5000);
    for (let at = 0; at < many.length; at += 1000) expectStatus(await owner.agent.announce(many.slice(at, at + 1000)), 204);
    await act('revoke');
    const first = await plan();
    expect([first.packs, first.statements, first.next!.packIds.length]).toEqual([5006, 2, 5000]);
    expect(await giveUp()).toMatchObject({ packs: 5000, state: 'holding' });
    const second = await plan();
    expect([second.packs, second.statements, second.next!.releaseSequence]).toEqual([6, 1, 2]);
    expect(await giveUp()).toMatchObject({ packs: 6, state: 'holding' });
    expect((await plan()).next).toBeNull();
    const named: PackId[] = [...first.next!.packIds, ...second.next!.packIds];
    expect(new Set(named).size).toBe(5006);
  });

  describe('for a device that is lost, not revoked', () => {
    it('is void as soon as the machine is heard of again', async () => {
      await act('lost');
      const view = await giveUp();
      await runLostOwners();
      expect(await releases()).toMatchObject([{ state: 'holding' }]);
      await storage.coordinator.clock.advance(13 * day);
      await owner.agent.device.beat();
      await runLostOwners();
      expect(await releases()).toMatchObject([{ state: 'cancelled', decidedBy: 'coordinator' }]);
      expect((await trail())[0]).toBe('coordinator release.cancel');
      await storage.coordinator.clock.advance(day);
      expect((await confirm(holders[0]!, view.releaseId)).body.code).toBe('release_cancelled');
      // The mark is still on it, and it is no licence any more.
      const answer = await (await admin()).get(path());
      expect([answer.status, answer.body.code]).toEqual([409, 'owner_not_gone']);
      expect(answer.body.title).toMatch(/was heard of since it was marked as lost/);
    });

    it('deletes nothing before the device is revoked, which happens when the hold is over without a sign of it', async () => {
      await act('lost');
      const { releaseId } = await giveUp();
      await runLostOwners();
      await passDays(14);
      expect((await confirm(holders[0]!, releaseId)).body.code).toBe('owner_not_gone');
      await storage.coordinator.get(SchedulesService).runNow(RELEASE_SWEEP);
      expect(await releases()).toMatchObject([{ state: 'holding' }]);
      await runLostOwners();
      expect((await trail())[0]).toBe('coordinator device.revoke');
      expectStatus(await confirm(holders[0]!, releaseId), 200);
      expect((await owner.agent.device.fresh().get('/agent/releases/own')).status).toBe(403);
    });

    it('keeps everything when an admin takes the loss back', async () => {
      await act('lost');
      const { releaseId } = await giveUp();
      await passDays(13);
      await storage.coordinator.clock.advance(day - 5_000_000);
      await owner.agent.device.beat();
      await storage.coordinator.clock.advance(5_000_001);
      await act('reactivate');
      // Heard of at the last moment, and nobody has looked since.
      expect((await confirm(holders[0]!, releaseId)).body.code).toBe('owner_not_gone');
      await runLostOwners();
      expect(await releases()).toMatchObject([{ state: 'cancelled' }]);
      await storage.round();
      for (const holder of holders) await holder.inventory();
      await storage.round();
      expect((await snapshots()).map((s) => s.protection)).toEqual(['full', 'full']);
    });

    it('counts as lost by silence alone, too', async () => {
      await passDays(40);
      expect(await plan()).toMatchObject({ state: 'lost', packs: 6 });
      expect(await giveUp()).toMatchObject({ state: 'holding' });
    });
  });
});
