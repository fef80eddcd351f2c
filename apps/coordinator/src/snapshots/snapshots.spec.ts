import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { snapshot } from '#libs/contracts';
import { toBase64Url } from '#libs/kernel';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus, neededPacks } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';

describe('snapshots', () => {
  let storage: StorageTeam;
  let owner: FakeAgent;
  let others: FakeAgent[];

  beforeEach(async () => {
    storage = await startStorageTeam(4);
    [owner, ...others] = storage.agents as [FakeAgent, ...FakeAgent[]];
    await owner.announce(owner.newPacks(6));
    await storage.settled();
  });
  afterEach(() => storage.close());

  const commit = (body: unknown) => owner.device.fresh().post('/agent/snapshots', body);

  it('are as the contract says', async () => {
    await owner.commit();
    for (const item of await storage.snapshots(owner)) expect(snapshot.parse(item)).toEqual(item);
  });

  it('may be committed again, and only then changes nothing', async () => {
    const body = owner.snapshotBody([0, 1]);
    for (let n = 0; n < 2; n += 1) expect((await commit(body)).status).toBe(204);
    const forked = await commit({ ...body, head: toBase64Url(new Uint8Array([1, 2, 3])) });
    expect([forked.status, forked.body.code]).toEqual([409, 'snapshot_conflict']);
    expect((await commit(owner.snapshotBody([0, 1, 2]))).status).toBe(204);
    expect((await commit(body)).status).toBe(204);
    expect(await storage.snapshots(owner)).toHaveLength(2);
  });

  it('refuse a sequence that is not above the newest: an old copy of a device must not roll its vault back', async () => {
    await commit(owner.snapshotBody([0], { sequence: 7 }));
    const answer = await commit(owner.snapshotBody([0], { sequence: 5 }));
    expect([answer.status, answer.body.code]).toEqual([409, 'snapshot_conflict']);
    expect((await commit(owner.snapshotBody([0], { sequence: 9 }))).status).toBe(204);
  });

  it('refuse a bitmap that inflates beyond its bound, before it takes the memory', async () => {
    const bomb = toBase64Url(deflateSync(new Uint8Array(512 * 1024 * 1024)));
    expect(bomb.length).toBeLessThan(1024 * 1024);
    const before = process.memoryUsage().rss;
    const answer = await commit(owner.snapshotBody([0], { neededPacks: bomb }));
    expect([answer.status, answer.body.code]).toEqual([400, 'request_invalid']);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
    expect((await commit(owner.snapshotBody([0], { neededPacks: 'bm90IHpsaWI' }))).body.code).toBe('request_invalid');
  });

  it('stay captured while they need a pack that nobody announced', async () => {
    expect((await commit(owner.snapshotBody([0, 99]))).status).toBe(204);
    await storage.replicate();
    expect((await storage.snapshots(owner))[0]).toMatchObject({ protection: 'captured', packs: 2, packsBelowMinimum: 1 });
  });

  it('are each counted by what they need, whether their packs were placed before or after', async () => {
    await commit(owner.snapshotBody([0, 1]));
    await storage.replicate();
    await commit(owner.snapshotBody([0, 1, 2]));
    await owner.announce(owner.newPacks(1));
    await commit(owner.snapshotBody([1, 6]));
    const protection = async (): Promise<string[]> => (await storage.snapshots(owner)).map((s) => s.protection);
    expect(await protection()).toEqual(['captured', 'full', 'full']);
    await storage.replicate();
    expect(await protection()).toEqual(['full', 'full', 'full']);
  });

  it('say whether they could be restored from who is online this moment', async () => {
    await commit(owner.snapshotBody([0, 1, 2, 3, 4, 5]));
    await storage.replicate();
    const restorable = async (): Promise<boolean> => (await storage.snapshots(owner))[0]!.restorableNow;
    expect(await restorable()).toBe(true);
    for (const agent of others) await agent.device.beat({ leaving: true });
    expect(await restorable()).toBe(false);
    await others[0]!.device.beat();
    expect(await restorable()).toBe(true);
  });

  it('belong to the vault of who sends them', async () => {
    const answer = await others[0]!.device.fresh().post('/agent/snapshots', { ...owner.snapshotBody([0]), neededPacks: neededPacks([0]) });
    expect(answer.body.code).toBe('vault_not_yours');
    expectStatus(await storage.admin.get(`/devices/${crypto.randomUUID()}/snapshots`), 404);
  });
});
