import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Job } from '#libs/contracts';
import type { PackId } from '#libs/kernel';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { patientDurability, startStorageTeam } from '../testing/storage-team.ts';
import { ReplicasService } from './replicas.service.ts';

const failed = { state: 'failed', code: 'source_unavailable', message: 'Nobody gave it.', retry: true };

describe('a damaged copy that is to be replaced where it is', () => {
  let storage: StorageTeam;
  let holder: FakeAgent;
  let packId: PackId;

  /** One pack with as many copies as there are others, so that a new one can only come where the damaged one is. */
  beforeEach(async () => {
    storage = await startStorageTeam(3, { config: { durability: patientDurability } });
    const [owner, first] = storage.agents as [FakeAgent, FakeAgent];
    holder = first;
    await storage.setReplicas(2, 2);
    await owner.announce(owner.newPacks(1));
    await storage.replicate();
    packId = owner.packs[0]!.packId;
    await finds([packId]);
    await storage.round();
    expect(await row()).toMatchObject({ status: 'pending' });
  });
  afterEach(() => storage.close());

  const row = async () => (await storage.coordinator.get(ReplicasService).ofDevice(holder.device.deviceId, [packId]))[0];
  const job = async (): Promise<Job> => (await holder.jobs())[0]!;
  /** A whole pass of reading found these damaged. */
  const finds = async (ids: readonly PackId[]): Promise<void> => {
    const damaged = ids.map((id) => ({ packId: id, leaves: 1, repaired: false }));
    const body = { store: 'held', startedAtMs: 1, endedAtMs: 2, asked: null, packs: 1, sizeBytes: 1000, found: damaged.length, damaged };
    expectStatus(await holder.device.fresh().post('/agent/audits/scrub', body), 204);
  };
  const fails = async ({ jobId }: Job): Promise<void> => {
    expectStatus(await holder.report(jobId, failed), 204);
  };
  const doesLate = async ({ jobId, task }: Job): Promise<void> => {
    if (task.kind !== 'replicate') throw new Error(task.kind);
    expectStatus(await holder.report(jobId, { state: 'done', receipt: holder.receiptFor(task) }), 204);
  };

  it('is known as damaged again at once when the job is given up, for its owner to let it go', async () => {
    await fails(await job());
    expect(await row()).toMatchObject({ status: 'damaged' });
    const { deviceId } = storage.agents[0]!.device;
    expect(await storage.coordinator.get(ReplicasService).damagedOf(deviceId, 10)).toEqual(new Map([[holder.device.deviceId, [packId]]]));
  });

  it('is whole when the job is done, also after it was given up', async () => {
    const given = await job();
    await fails(given);
    await doesLate(given);
    expect(await row()).toMatchObject({ status: 'held', damagedAtMs: null });
  });

  it('stays damaged when it was found so again after the job was given up, whatever comes late', async () => {
    const given = await job();
    await fails(given);
    await storage.coordinator.clock.advance(1000);
    await finds([packId]);
    await doesLate(given);
    expect(await row()).toMatchObject({ status: 'damaged' });
  });

  it('is forgotten when a whole pass does not find it any more while a whole one is on its way', async () => {
    await storage.coordinator.clock.advance(1000);
    await finds([]);
    expect(await row()).toMatchObject({ status: 'pending', damagedAtMs: null });
    await fails(await job());
    expect(await row()).toBeUndefined();
  });

  it('is as damaged as before when it is named again meanwhile', async () => {
    for (let pass = 0; pass < 2; pass += 1) {
      await storage.coordinator.clock.advance(1000);
      await finds([packId]);
    }
    await fails(await job());
    expect(await row()).toMatchObject({ status: 'damaged', damagedAtMs: storage.coordinator.clock.nowMs() });
  });
});
