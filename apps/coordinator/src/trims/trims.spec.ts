import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DoubtedCopies, HeldReleases, Release, ReleaseStatements, SignedStatement, TrimView, WantedTrims } from '#libs/contracts';
import { doubtedCopies, pageOf, trimView, wantedTrims } from '#libs/contracts';
import { openConfirm, openCountersigned, signRelease } from '#libs/crypto';
import type { DeviceId, PackId } from '#libs/kernel';
import { fromBase64Url, toBase64Url } from '#libs/kernel';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { patientDurability, startStorageTeam } from '../testing/storage-team.ts';
import { TRIM_SWEEP } from './trim-sweep.service.ts';

const day = 86_400_000;
const nonce = toBase64Url(new Uint8Array(32).fill(4));

describe('copies beyond what is wanted', () => {
  let storage: StorageTeam;
  let owner: FakeAgent;
  let others: FakeAgent[];

  /** Two packs with five copies each, since the policy wanted five and now wants three. */
  beforeEach(async () => {
    storage = await startStorageTeam(6, { config: { durability: patientDurability } });
    const [first, ...rest] = storage.agents as [FakeAgent, ...FakeAgent[]];
    [owner, others] = [first, rest];
    await storage.setReplicas(5, 2);
    await owner.announce(owner.newPacks(2));
    await owner.commit();
    await storage.replicate();
    await storage.setReplicas(3, 2);
  });
  afterEach(() => storage.close());

  const packIds = (): PackId[] => owner.packs.map((p) => p.packId);
  const admin = () => storage.team.people('admin');
  const sweep = async (): Promise<void> => {
    await storage.coordinator.get(SchedulesService).runNow(TRIM_SWEEP);
    await storage.settled();
  };
  const wanted = async (): Promise<WantedTrims> =>
    wantedTrims.parse(expectStatus(await owner.device.fresh().get('/agent/trims/wanted'), 200));
  const effective = async (): Promise<number[]> =>
    (await storage.coordinator.get(PacksService).find(packIds())).map((pack) => pack.effective / 2);
  const list = async (): Promise<TrimView[]> => pageOf(trimView).parse(expectStatus(await (await admin()).get('/trims'), 200)).items;
  const agentOf = (deviceId: DeviceId): FakeAgent => others.find((agent) => agent.device.deviceId === deviceId)!;
  const trim = (onlyHolder: DeviceId, some: readonly PackId[], over: Partial<Release> = {}): SignedStatement =>
    signRelease(
      {
        ...{ teamId: storage.team.keys.teamId, releaseId: randomUUID(), vaultId: owner.vaultId, ownerDeviceId: owner.device.deviceId },
        ...{ releaseSequence: 1, headSequence: 1, generation: 0, reason: 'surplus', packIds: [...some], atMs: 1, onlyHolder },
        ...over,
      },
      owner.device.signing.secretKey,
    );
  const submit = (statement: SignedStatement, agent = owner) => agent.device.fresh().post('/agent/trims', { trim: statement });
  const confirm = (holder: FakeAgent, id: string) =>
    holder.device.fresh().post<SignedStatement & { code?: string }>(`/agent/trims/${id}/confirm`, { nonce });
  const statuses = async (): Promise<Record<string, number>> => {
    const rows = await storage.coordinator.get(ReplicasService).ofPacks(packIds());
    return Object.fromEntries([...Map.groupBy(rows, (row) => row.status)].map(([status, some]) => [status, some.length]));
  };
  /** Surplus for a week, and what the owner is asked for. */
  const afterAWeek = async (): Promise<WantedTrims> => {
    await sweep();
    await storage.coordinator.clock.advance(7 * day);
    return wanted();
  };

  it('are asked for after a week, let go by their owner’s word, and gone after the hold', async () => {
    await sweep();
    await storage.coordinator.clock.advance(7 * day - 1);
    expect(await wanted()).toMatchObject({ trims: [] });
    await storage.coordinator.clock.advance(1);
    const { trims, nextSequence } = await wanted();
    expect(trims.flatMap((one) => one.packIds)).toHaveLength(4);
    const [first, second] = trims as [WantedTrims['trims'][number], WantedTrims['trims'][number]];

    const statement = trim(first.holderDeviceId, first.packIds, { releaseSequence: nextSequence });
    for (let n = 0; n < 2; n += 1) expectStatus(await submit(statement), 204);
    expect(await statuses()).toEqual({ held: 8, trimming: 2 });
    expect(await effective()).toEqual([4, 4]);
    expect((await wanted()).trims.flatMap((one) => one.packIds)).toHaveLength(2);
    // Nobody copies what is being let go, and the owner's inventory of it brings nothing back.
    expect(await storage.replicate()).toBe(0);
    const holder = agentOf(first.holderDeviceId);
    await holder.inventory();
    expect(await statuses()).toEqual({ held: 8, trimming: 2 });

    const [one] = expectStatus(await holder.device.fresh().get<HeldReleases>('/agent/trims/held'), 200).releases;
    expect(one).toMatchObject({ state: 'holding' });
    expect(expectStatus(await agentOf(second.holderDeviceId).device.fresh().get<HeldReleases>('/agent/trims/held'), 200).releases).toEqual(
      [],
    );
    const { release, countersign } = expectStatus(
      await holder.device.fresh().get<ReleaseStatements>(`/agent/trims/${one!.releaseId}`),
      200,
    );
    const keys = { teamId: storage.team.keys.teamId, rootKey: new Uint8Array(32), ownerKey: owner.device.signing.publicKey };
    const coordinatorKey = fromBase64Url(storage.coordinator.get(CoordinatorIdentity).publicKey);
    const opened = openCountersigned(release, countersign!, { ...keys, coordinatorKey });
    expect(opened).toMatchObject({ release: { onlyHolder: holder.device.deviceId }, countersign: { holdMs: 14 * day } });
    expect(await confirm(holder, one!.releaseId)).toMatchObject({ status: 409, body: { code: 'release_hold_running' } });
    expect(await confirm(owner, one!.releaseId)).toMatchObject({ status: 404 });

    await storage.coordinator.clock.advance(14 * day);
    const word = expectStatus(await confirm(holder, one!.releaseId), 200);
    const to = { holderDeviceId: holder.device.deviceId, nonce };
    expect(openConfirm(word, release, opened.release, to, coordinatorKey).packIds).toEqual([...first.packIds].sort());
    for (let n = 0; n < 2; n += 1)
      expectStatus(await holder.device.fresh().post(`/agent/trims/${one!.releaseId}/deleted`, { packIds: first.packIds }), 204);
    expect(await statuses()).toEqual({ held: 8 });
    expect(await list()).toEqual([
      expect.objectContaining({ state: 'done', holderName: holder.device.name, deviceName: owner.device.name, packs: 2 }),
    ]);
  });

  it('are told to their owner as copies that count no more, as are those of a device that is gone', async () => {
    const doubted = async (): Promise<DoubtedCopies> =>
      doubtedCopies.parse(expectStatus(await owner.device.fresh().get('/agent/copies/doubted'), 200));
    expect(await doubted()).toEqual({ holders: [], copies: [], next: null });
    const { trims } = await afterAWeek();
    const [first] = trims as [WantedTrims['trims'][number]];
    expectStatus(await submit(trim(first.holderDeviceId, first.packIds)), 204);
    const copies = [...first.packIds].sort().map((packId) => ({ packId, holderDeviceId: first.holderDeviceId }));
    expect(await doubted()).toEqual({ holders: [], copies, next: null });
    const last = copies.at(-1)!.packId;
    expect(expectStatus(await owner.device.fresh().get(`/agent/copies/doubted?after=${last}`), 200)).toMatchObject({ copies: [] });

    const gone = others.find((agent) => agent.device.deviceId !== first.holderDeviceId)!;
    // Of others' copies nobody is told.
    expect(expectStatus(await gone.device.fresh().get('/agent/copies/doubted'), 200)).toEqual({ holders: [], copies: [], next: null });
    expectStatus(await (await admin()).post(`/devices/${gone.device.deviceId}/lost`), 204);
    await storage.round(others.filter((agent) => agent !== gone));
    expect(await doubted()).toMatchObject({ holders: [{ deviceId: gone.device.deviceId, weight: 0 }], copies });
    expect(await effective()).toEqual([3, 3]);
  });

  it('are kept when they are needed again before their time', async () => {
    const { trims } = await afterAWeek();
    const [first] = trims as [WantedTrims['trims'][number]];
    expectStatus(await submit(trim(first.holderDeviceId, first.packIds)), 204);
    const [gone, ...rest] = others.filter((agent) => agent.device.deviceId !== first.holderDeviceId) as [FakeAgent, ...FakeAgent[]];
    expectStatus(await (await admin()).post(`/devices/${gone.device.deviceId}/revoke`), 204);
    await storage.round(rest);
    // Three others are left: enough, so it may still go.
    await sweep();
    expect((await statuses())['trimming']).toBe(2);
    expectStatus(await (await admin()).post(`/devices/${rest[0]!.device.deviceId}/revoke`), 204);
    await storage.round(rest.slice(1));
    await storage.coordinator.clock.advance(14 * day);
    const [{ releaseId }] = (await list()) as [TrimView];
    const holder = agentOf(first.holderDeviceId);
    const word = expectStatus(await confirm(holder, releaseId), 200);
    expect(JSON.parse(Buffer.from(word.payload, 'base64url').toString())).toMatchObject({ packIds: [] });
    expect((await statuses())['trimming']).toBeUndefined();
    // It could have been told before that it may delete them: they count as soon as it names them.
    expect(await effective()).toEqual([2, 2]);
    await holder.inventory();
    expect(await effective()).toEqual([3, 3]);
    await sweep();
    expect(await list()).toEqual([expect.objectContaining({ state: 'done' })]);
  });

  it('cancelled after the hold: a copy that its holder may have deleted counts only when the holder names it', async () => {
    const { trims } = await afterAWeek();
    const [first] = trims as [WantedTrims['trims'][number]];
    expectStatus(await submit(trim(first.holderDeviceId, first.packIds)), 204);
    const [{ releaseId }] = (await list()) as [TrimView];
    const holder = agentOf(first.holderDeviceId);
    await storage.coordinator.clock.advance(14 * day);
    expectStatus(await confirm(holder, releaseId), 200);
    for (const packId of first.packIds) holder.held.delete(packId);
    expectStatus(await (await admin()).post(`/trims/${releaseId}/cancel`), 204);
    expect(await effective()).toEqual([4, 4]);
    await holder.inventory();
    expect(await effective()).toEqual([4, 4]);
    expect(await statuses()).toEqual({ held: 8 });
  });

  it('are kept when an admin cancels, and the holder hears of it', async () => {
    const { trims } = await afterAWeek();
    const [first] = trims as [WantedTrims['trims'][number]];
    expectStatus(await submit(trim(first.holderDeviceId, first.packIds)), 204);
    const [{ releaseId }] = (await list()) as [TrimView];
    expect(await (await storage.team.people('auditor')).post(`/trims/${releaseId}/cancel`)).toMatchObject({ status: 403 });
    for (let n = 0; n < 2; n += 1) expectStatus(await (await admin()).post(`/trims/${releaseId}/cancel`), 204);
    expect(await effective()).toEqual([5, 5]);
    const holder = agentOf(first.holderDeviceId);
    expect(expectStatus(await holder.device.fresh().get<HeldReleases>('/agent/trims/held'), 200).releases).toEqual([
      { releaseId, state: 'cancelled' },
    ]);
    await storage.coordinator.clock.advance(14 * day);
    expect(await confirm(holder, releaseId)).toMatchObject({ status: 409, body: { code: 'release_cancelled' } });
  });

  describe('that are damaged', () => {
    /** The holder has read its packs and found this one rotten. */
    const finds = async (holder: FakeAgent, ids: readonly PackId[], endedAtMs: number | null = null): Promise<void> => {
      const damaged = ids.map((packId) => ({ packId, leaves: 1, repaired: false }));
      const body = { store: 'held', startedAtMs: 1, endedAtMs, asked: null, packs: 2, sizeBytes: 2000, found: damaged.length, damaged };
      expectStatus(await holder.device.fresh().post('/agent/audits/scrub', body), 204);
    };
    const inventoryOf = async (holder: FakeAgent): Promise<void> =>
      holder.inventory([...holder.held.keys()].filter((id) => id !== packIds()[0]));

    it('go at once by their owner’s word when enough whole ones are elsewhere, after the hold like any other', async () => {
      const holder = others[0]!;
      const [packId] = packIds() as [PackId];
      await finds(holder, [packId]);
      expect((await effective()).toSorted((a, b) => a - b)).toEqual([4, 5]);
      // An inventory names whole packs only.
      await inventoryOf(holder);
      expect(await statuses()).toEqual({ held: 9, damaged: 1 });
      const { trims } = await wanted();
      expect(trims).toEqual([{ holderDeviceId: holder.device.deviceId, packIds: [packId] }]);
      expectStatus(await submit(trim(holder.device.deviceId, [packId])), 204);
      expect((await wanted()).trims).toEqual([]);
      const [{ releaseId }] = (await list()) as [TrimView];
      expect(await confirm(holder, releaseId)).toMatchObject({ body: { code: 'release_hold_running' } });
      await sweep();
      expect(await list()).toMatchObject([{ state: 'holding' }]);
      await storage.coordinator.clock.advance(14 * day);
      const word = expectStatus(await confirm(holder, releaseId), 200);
      expect(JSON.parse(Buffer.from(word.payload, 'base64url').toString())).toMatchObject({ packIds: [packId] });
      expectStatus(await holder.device.fresh().post(`/agent/trims/${releaseId}/deleted`, { packIds: [packId] }), 204);
      expect(await statuses()).toEqual({ held: 9 });
      expect(await list()).toMatchObject([{ state: 'done' }]);
    });

    it('stay while their good blocks may be needed, and never count again by being wanted', async () => {
      const [first, second, third] = others as [FakeAgent, FakeAgent, FakeAgent];
      const [packId] = packIds() as [PackId];
      for (const holder of [first, second]) await finds(holder, [packId]);
      expectStatus(await submit(trim(first.device.deviceId, [packId])), 204);
      expectStatus(await (await admin()).post(`/devices/${third.device.deviceId}/revoke`), 204);
      await storage.round(others.filter((agent) => agent !== third));
      // Two whole ones are left: what is left of the damaged ones stays, and is asked for no more.
      expect((await wanted()).trims).toEqual([]);
      expect(await submit(trim(second.device.deviceId, [packId], { releaseSequence: 2 }))).toMatchObject({
        body: { code: 'trim_refused' },
      });
      await storage.coordinator.clock.advance(14 * day);
      const [{ releaseId }] = (await list()) as [TrimView];
      const word = expectStatus(await confirm(first, releaseId), 200);
      expect(JSON.parse(Buffer.from(word.payload, 'base64url').toString())).toMatchObject({ packIds: [] });
      // Both may heal: they are asked for the pack anew.
      expect(await storage.replicate(others.filter((agent) => agent !== third))).toBeGreaterThan(0);
      expect((await statuses())['damaged'] ?? 0).toBeLessThan(2);
    });

    it('are forgotten when a whole pass finds them no more', async () => {
      const holder = others[0]!;
      const [packId] = packIds() as [PackId];
      await finds(holder, [packId], 2);
      for (const expected of [1, 1]) {
        await storage.coordinator.clock.advance(30 * day);
        await finds(holder, [packId], 2);
        expect((await statuses())['damaged']).toBe(expected);
      }
      await storage.coordinator.clock.advance(30 * day);
      await finds(holder, [], 2);
      expect((await statuses())['damaged']).toBeUndefined();
    });

    it('count again only when they were asked for anew, not by a receipt that comes late of a job from before', async () => {
      const holder = others[0]!;
      const [packId] = packIds() as [PackId];
      const about = { ...holder.held.get(packId)! };
      const jobs = storage.coordinator.get(JobsService);
      const jobId = randomUUID();
      await jobs.create([{ jobId, deviceId: holder.device.deviceId, task: about }]);
      await jobs.callOff([await jobs.get(jobId, holder.device.deviceId)], {
        code: 'no_longer_needed',
        message: 'Enough copies are there.',
      });
      await finds(holder, [packId]);
      expectStatus(await holder.report(jobId, { state: 'done', receipt: holder.receiptFor(about) }), 204);
      expect(await statuses()).toEqual({ held: 9, damaged: 1 });
    });

    it('are no reason to ask an owner for anything when the holder never signed for them', async () => {
      const stranger =
        storage.agents.find((agent) => agent !== owner && !others.slice(0, 5).includes(agent)) ?? (await storage.join('stranger'));
      await finds(stranger, packIds());
      expect(await statuses()).toEqual({ held: 10 });
    });
  });

  describe('are not let go', () => {
    it('by an owner that signs away more than is too much', async () => {
      const { trims } = await afterAWeek();
      const holders = others.map((agent) => agent.device.deviceId);
      let taken = 0;
      for (const [n, holder] of holders.entries()) {
        const answer = await submit(trim(holder, packIds(), { releaseSequence: n + 1 }));
        if (answer.status === 204) taken += 1;
        else expect(answer).toMatchObject({ status: 409, body: { code: 'trim_refused' } });
      }
      expect(trims.length).toBeGreaterThan(0);
      expect(taken).toBe(2);
      expect(await effective()).toEqual([3, 3]);
    });

    it('by anybody else, for anybody else’s packs, twice under one number, or as a release of all copies', async () => {
      const { trims } = await afterAWeek();
      const [first] = trims as [WantedTrims['trims'][number]];
      const { holderDeviceId } = first;
      const stranger = signRelease(
        JSON.parse(Buffer.from(trim(holderDeviceId, first.packIds).payload, 'base64url').toString()) as Release,
        others[0]!.device.signing.secretKey,
      );
      expect(await submit(stranger)).toMatchObject({ status: 422, body: { code: 'release_invalid' } });
      expect(await submit(trim(holderDeviceId, first.packIds), others[0])).toMatchObject({ status: 403 });
      expect(await submit(trim(owner.device.deviceId, first.packIds))).toMatchObject({ status: 422 });
      expect(await submit(trim(holderDeviceId, [others[0]!.newPacks(1)[0]!.packId]))).toMatchObject({ status: 409 });
      expect(await submit(trim(holderDeviceId, first.packIds, { generation: 1 }))).toMatchObject({ body: { code: 'release_replayed' } });
      const whole = JSON.parse(Buffer.from(trim(holderDeviceId, first.packIds).payload, 'base64url').toString()) as Release;
      delete (whole as { onlyHolder?: unknown }).onlyHolder;
      expect(await submit(signRelease(whole, owner.device.signing.secretKey))).toMatchObject({ status: 422 });
      const release = trim(holderDeviceId, first.packIds);
      expect(await owner.device.fresh().post('/agent/releases', { release })).toMatchObject({
        status: 422,
        body: { code: 'release_invalid' },
      });
      expect(await statuses()).toEqual({ held: 10 });
      expectStatus(await submit(trim(holderDeviceId, first.packIds)), 204);
      expect(await submit(trim(trims[1]!.holderDeviceId, first.packIds))).toMatchObject({ body: { code: 'release_replayed' } });
    });
  });
});
