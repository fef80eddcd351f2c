import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FakeAgent } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';

describe('from announcement to protection', () => {
  let storage: StorageTeam;
  let owner: FakeAgent;
  let others: FakeAgent[];

  beforeEach(async () => {
    storage = await startStorageTeam(5);
    [owner, ...others] = storage.agents as [FakeAgent, ...FakeAgent[]];
  });
  afterEach(() => storage.close());

  const latest = async () => (await storage.snapshots(owner))[0]!;

  it('places every pack at three others, and only then the snapshot is full', async () => {
    expect((await owner.announce(owner.newPacks(7))).status).toBe(204);
    await owner.commit();
    expect(await latest()).toMatchObject({
      protection: 'captured',
      packs: 7,
      packsBelowMinimum: 7,
      protectedAtMs: null,
      restorableNow: false,
    });
    await storage.settled();
    expect(await owner.jobs()).toEqual([]);
    expect(await storage.replicate()).toBe(21);
    expect(await latest()).toMatchObject({
      protection: 'full',
      packsBelowMinimum: 0,
      protectedAtMs: storage.coordinator.clock.nowMs(),
      restorableNow: true,
    });
    const holders = owner.packs.map(({ packId }) => others.filter((agent) => agent.held.has(packId)).length);
    expect(holders).toEqual(Array.from({ length: 7 }, () => 3));
  });

  it('copies again what a missing holder had, and takes its copies back into the count when it returns with its inventory', async () => {
    await owner.announce(owner.newPacks(4));
    await owner.commit();
    await storage.replicate();
    const lost = others.find((agent) => agent.held.size > 0)!;
    const awake = storage.agents.filter((agent) => agent !== lost);
    await storage.pass(11_000, awake);
    expect((await latest()).protection).toBe('protected');
    const repaired = await storage.replicate(awake);
    expect(repaired).toBe(lost.held.size);
    expect((await latest()).protection).toBe('full');

    // Two more go; what the returned one holds decides whether the snapshot stays protected.
    await lost.device.beat();
    await storage.round(storage.agents);
    const before = await storage.admin.get('/overview');
    void before;
    await lost.inventory();
    await storage.settled();
    expect(await storage.replicate()).toBe(0);
  }, 60_000);
});
