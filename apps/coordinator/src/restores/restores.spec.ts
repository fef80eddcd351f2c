import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { restore as restoreSchema, restoreOrderValidMs } from '#libs/contracts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';
import type { TestClient } from '../testing/test-client.ts';

const sealedVaultKey = 'c2VhbGVkIGtleQ';

describe('restores', () => {
  let storage: StorageTeam;
  let owner: FakeAgent;
  let target: FakeAgent;
  let operator: TestClient;

  beforeEach(async () => {
    storage = await startStorageTeam(2);
    [owner, target] = storage.agents as [FakeAgent, FakeAgent];
    operator = await storage.team.people('restore-operator');
    await owner.announce(owner.newPacks(1));
    await owner.commit();
  });
  afterEach(() => storage.close());

  const request = (over: Record<string, unknown> = {}) => ({
    ...{ vaultId: owner.vaultId, snapshotSequence: 1, paths: ['/home/ann/notes.txt'], targetDeviceId: target.device.deviceId },
    ...{ destination: '/tmp/restored', sealedVaultKey, ...over },
  });
  const start = async () => expectStatus(await operator.post('/restores', request()), 201);
  const get = async (restoreId: string) => expectStatus(await operator.get(`/restores/${restoreId}`), 200);
  const jobOf = async () => (await target.jobs()).find((job) => job.task.kind === 'restore')!;

  it('reach the target with the sealed key, show progress, and end with a summary', async () => {
    const restore = await start();
    expect(restoreSchema.parse(restore)).toEqual(restore);
    expect(restore).toMatchObject({
      state: 'waiting',
      requestedBy: 'restore-operator@example.org',
      conflict: 'keep-both',
      ownerDeviceId: owner.device.deviceId,
    });
    const { jobId, task, createdAtMs, expiresAtMs } = await jobOf();
    // A machine that is off over the weekend gets it on Monday.
    expect(expiresAtMs - createdAtMs).toBe(restoreOrderValidMs);
    expect(task).toMatchObject({ kind: 'restore', restoreId: restore.restoreId, sealedVaultKey, paths: ['/home/ann/notes.txt'] });
    const progress = { filesDone: 1, filesTotal: 2, bytesDone: 10, bytesTotal: 20 };
    expectStatus(await target.report(jobId, { state: 'taken', progress }), 204);
    expect(await get(restore.restoreId)).toMatchObject({ state: 'running', progress });
    for (let n = 0; n < 2; n += 1) expectStatus(await target.report(jobId, { state: 'done', summary: { files: 2, verified: true } }), 204);
    const ended = await get(restore.restoreId);
    expect(restoreSchema.parse(ended)).toMatchObject({
      state: 'done',
      summary: { files: 2, verified: true },
      endedAtMs: storage.coordinator.clock.nowMs(),
    });
    expect(expectStatus(await operator.get('/restores'), 200)).toMatchObject({ total: 1, items: [{ restoreId: restore.restoreId }] });
  });

  it('keep the sealed key no longer than the job, and nowhere else', async () => {
    const restore = await start();
    const { jobId } = await jobOf();
    expect(JSON.stringify(await get(restore.restoreId))).not.toContain(sealedVaultKey);
    expect((await (await storage.team.people('owner')).get('/audit-log')).text).not.toContain(sealedVaultKey);
    expectStatus(await target.report(jobId, { state: 'failed', code: 'wrong_key', message: 'no', retry: false }), 204);
    const { JobsRepository } = await import('../jobs/jobs.repository.ts');
    expect(JSON.stringify(await storage.coordinator.get(JobsRepository).find(jobId))).not.toContain(sealedVaultKey);
  });

  it('try again under a new job, and fail with the reason when the device gives up', async () => {
    const { restoreId } = await start();
    const first = await jobOf();
    await target.report(first.jobId, { state: 'failed', code: 'source_unavailable', message: 'nobody online', retry: true });
    expect(await get(restoreId)).toMatchObject({ state: 'waiting', errorCode: 'source_unavailable' });
    await storage.pass(5000, storage.agents);
    const second = await jobOf();
    expect(second.jobId).not.toBe(first.jobId);
    expect(second.task).toEqual(first.task);
    await target.report(second.jobId, { state: 'failed', code: 'disk_full', message: 'no room', retry: false });
    expect(await get(restoreId)).toMatchObject({ state: 'failed', errorCode: 'disk_full', errorMessage: 'no room' });
  });

  it('leave a line in the audit log', async () => {
    await start();
    const log = expectStatus(await (await storage.team.people('auditor')).get('/audit-log'), 200);
    expect(log.items[0]).toMatchObject({
      action: 'restore.create',
      actor: 'restore-operator@example.org',
      subject: owner.device.name,
      detail: { target: target.device.name },
    });
  });

  it('are refused for snapshots, targets and people that will not do', async () => {
    const code = async (body: unknown, client = operator): Promise<string> => (await client.post('/restores', body)).body.code;
    expect(await code(request({ snapshotSequence: 2 }))).toBe('snapshot_not_found');
    expect(await code(request({ vaultId: 'a'.repeat(32) }))).toBe('snapshot_not_found');
    expect(await code(request({ targetDeviceId: crypto.randomUUID() }))).toBe('device_not_found');
    expect(await code(request(), await storage.team.people('auditor'))).toBe('role_not_allowed');
    expect(await code(request({ surprise: true }))).toBe('request_invalid');
    expectStatus(await storage.admin.post(`/devices/${target.device.deviceId}/revoke`), 204);
    expect(await code(request())).toBe('restore_target_unfit');
    expect((await operator.get(`/restores/${crypto.randomUUID()}`)).body.code).toBe('restore_not_found');
  });
});
