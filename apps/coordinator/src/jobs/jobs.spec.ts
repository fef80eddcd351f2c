import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Job, JobTask } from '#libs/contracts';
import { job as jobSchema } from '#libs/contracts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus, packIdOf } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';

type ReplicateTask = Extract<JobTask, { kind: 'replicate' }>;

describe('jobs', () => {
  let storage: StorageTeam;
  let owner: FakeAgent;
  let others: FakeAgent[];
  let holder: FakeAgent;
  let job: Job;
  let task: ReplicateTask;

  beforeEach(async () => {
    storage = await startStorageTeam(4, { config: { durability: { jobs: { leaseSeconds: 2, expirySeconds: 100, maxAttempts: 3 } } } });
    [owner, ...others] = storage.agents as [FakeAgent, ...FakeAgent[]];
    await owner.announce(owner.newPacks(1));
    await storage.settled();
    holder = others[0]!;
    job = (await holder.jobs())[0]!;
    task = job.task as ReplicateTask;
  });
  afterEach(() => storage.close());

  const effective = async (): Promise<number> => {
    const { replicaHistogram: h } = expectStatus(await storage.admin.get('/overview'), 200);
    return h.one + 2 * h.two + 3 * h.threeOrMore;
  };
  const done = (over: Record<string, unknown> = {}) => ({ state: 'done', receipt: holder.receiptFor(task, over) });

  it('are what the contract says, and name a source that has the pack', () => {
    expect(jobSchema.parse(job)).toEqual(job);
    expect(job).toMatchObject({ state: 'open', attempt: 0 });
    expect(task).toMatchObject({
      packId: owner.packs[0]!.packId,
      ownerDeviceId: owner.device.deviceId,
      sources: [owner.device.deviceId],
      reason: 'placement',
    });
  });

  it('answer a repeated report the same way, and count it once', async () => {
    for (let n = 0; n < 2; n += 1) expect((await holder.report(job.jobId, { state: 'taken' })).status).toBe(204);
    for (let n = 0; n < 2; n += 1) expect((await holder.report(job.jobId, done())).status).toBe(204);
    expect(await effective()).toBe(1);
    const { receipts, nextCursor } = expectStatus(await owner.device.fresh().get('/agent/receipts?since=0'), 200);
    expect(receipts).toHaveLength(1);
    expect(expectStatus(await owner.device.fresh().get(`/agent/receipts?since=${nextCursor}`), 200)).toEqual({ receipts: [], nextCursor });
  });

  it.each<[string, Record<string, unknown>]>([
    ['another pack', { packId: packIdOf('other') }],
    ['another size', { sizeBytes: 999 }],
    ['another vault', { vaultId: 'f'.repeat(32) }],
    ['another generation', { generation: 1 }],
    ['another owner', { ownerDeviceId: '00000000-0000-4000-8000-000000000000' }],
    ['another holder', { holderDeviceId: '00000000-0000-4000-8000-000000000000' }],
  ])('refuse a receipt for %s', async (_, over) => {
    const answer = await holder.report(job.jobId, done(over));
    expect([answer.status, answer.body.code]).toEqual([422, 'receipt_invalid']);
    expect(await effective()).toBe(0);
  });

  it('refuse a receipt that another device signed, one that was altered, and none at all', async () => {
    const forged = others[1]!.receiptFor(task, { holderDeviceId: holder.device.deviceId });
    const good = holder.receiptFor(task);
    const altered = { ...good, payload: holder.receiptFor(task, { atMs: 2 }).payload };
    for (const receipt of [forged, altered, undefined]) {
      const answer = await holder.report(job.jobId, { state: 'done', ...(receipt ? { receipt } : {}) });
      expect([answer.status, answer.body.code]).toEqual([422, 'receipt_invalid']);
    }
    expect(await effective()).toBe(0);
    expect((await holder.report(job.jobId, done())).status).toBe(204);
    expect(await effective()).toBe(1);
  });

  it('belong to one device', async () => {
    const answer = await others[1]!.report(job.jobId, { state: 'taken' });
    expect([answer.status, answer.body.code]).toEqual([403, 'job_not_yours']);
    expect((await holder.report(crypto.randomUUID(), { state: 'taken' })).body.code).toBe('job_not_found');
  });

  it('come back when a lease runs out, and are planned anew when that happened too often', async () => {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      expect((await holder.report(job.jobId, { state: 'taken' })).status).toBe(204);
      expect((await holder.jobs())[0]).toMatchObject({ jobId: job.jobId, state: 'taken', attempt });
      await storage.pass(3000, storage.agents);
    }
    const now = await holder.jobs();
    expect(now.map((j) => j.jobId)).not.toContain(job.jobId);
    expect((await holder.report(job.jobId, { state: 'taken' })).body.code).toBe('job_ended');
    // The copy that it made after all is as good as any.
    expect((await holder.report(job.jobId, done())).status).toBe(204);
    expect(await effective()).toBe(1);
  });

  it('keep their lease while progress comes', async () => {
    for (let n = 0; n < 4; n += 1) {
      await holder.report(job.jobId, { state: 'taken', progress: { filesDone: n, filesTotal: 9, bytesDone: n, bytesTotal: 9 } });
      await storage.pass(1500, storage.agents);
    }
    expect((await holder.jobs())[0]).toMatchObject({ jobId: job.jobId, state: 'taken', attempt: 1 });
  });

  it('that fail for now are planned anew after a pause; those that fail for good not at this device', async () => {
    const failed = { state: 'failed', code: 'source_unavailable', message: 'nobody answers', retry: true };
    expect((await holder.report(job.jobId, failed)).status).toBe(204);
    await storage.settled();
    expect(await holder.jobs()).toEqual([]);
    await storage.pass(3000, storage.agents);
    const [again] = await holder.jobs();
    expect(again).toMatchObject({ state: 'open', task: { packId: task.packId } });
    expect(again!.jobId).not.toBe(job.jobId);
    expect((await holder.report(again!.jobId, { ...failed, code: 'store_full', retry: false })).status).toBe(204);
    await storage.pass(20_000, storage.agents);
    expect(await holder.jobs()).toEqual([]);
  });

  it('expire when nobody does them', async () => {
    await storage.pass(101_000, storage.agents);
    expect((await holder.report(job.jobId, { state: 'taken' })).body.code).toBe('job_ended');
  }, 60_000);

  it('are not for strangers', async () => {
    expect((await storage.coordinator.anyone.get('/agent/jobs')).status).toBe(401);
    expect((await storage.admin.get('/agent/jobs')).status).toBe(401);
  });
});
