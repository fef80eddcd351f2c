import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';

/** Beyond "missing" in the tests' thresholds. */
const UNTIL_MISSING_MS = 11_000;

describe('placement and repair', () => {
  let storage: StorageTeam;
  let owner: FakeAgent;
  let others: FakeAgent[];

  const start = async (size: number, config: Record<string, unknown> = {}): Promise<void> => {
    storage = await startStorageTeam(size, { config });
    [owner, ...others] = storage.agents as [FakeAgent, ...FakeAgent[]];
  };
  afterEach(() => storage.close());

  const latest = async () => (await storage.snapshots(owner))[0]!;
  const copiesOf = (agents: readonly FakeAgent[]): number[] =>
    owner.packs.map(({ packId }) => agents.filter((agent) => agent.held.has(packId)).length);
  const backedUp = async (packs: number): Promise<void> => {
    await owner.announce(owner.newPacks(packs));
    await owner.commit();
    await storage.replicate();
  };
  const overview = async () => expectStatus(await storage.admin.get('/overview'), 200);

  describe('in a team of five', () => {
    beforeEach(() => start(5));

    it('takes a snapshot from captured to full, and never asks the owner to hold its own', async () => {
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
      const protectedAtMs = storage.coordinator.clock.nowMs();
      expect(await latest()).toMatchObject({ protection: 'full', packsBelowMinimum: 0, protectedAtMs, restorableNow: true });
      expect(copiesOf(others)).toEqual(Array.from({ length: 7 }, () => 3));
      expect((await overview()).replicaHistogram).toEqual({ zero: 0, one: 0, two: 0, threeOrMore: 7 });
    });

    it('is protected at the minimum, full at the target', async () => {
      await owner.announce(owner.newPacks(1));
      await owner.commit();
      await storage.settled();
      const holders = others.filter((agent) => agent);
      const seen: string[] = [];
      for (const holder of holders) {
        await holder.fetchAll();
        seen.push((await latest()).protection);
      }
      expect([...new Set(seen)]).toEqual(['captured', 'protected', 'full']);
    });

    it('gives index packs to everybody', async () => {
      await owner.announce(owner.newPacks(1, 'index'));
      await storage.replicate();
      expect(copiesOf(others)).toEqual([4]);
      // Five are wanted and four exist: that is no backlog and no trouble.
      expect((await overview()).repair).toEqual({ backlogPacks: 0, backlogBytes: 0, runningJobs: 0 });
    });

    it('repairs what a missing holder had, and counts it again when it comes back and shows its inventory', async () => {
      await backedUp(6);
      const lost = others[0]!;
      const awake = storage.agents.filter((agent) => agent !== lost);
      const hadPacks = lost.held.size;
      expect(hadPacks).toBeGreaterThan(0);
      await storage.pass(UNTIL_MISSING_MS, awake);
      expect((await overview()).repair.backlogPacks).toBe(hadPacks);
      expect(await latest()).toMatchObject({ protection: 'protected' });
      const jobs = (await Promise.all(awake.map((agent) => agent.jobs()))).flat();
      expect(jobs.map((job) => job.task)).toEqual(Array.from({ length: hadPacks }, () => expect.objectContaining({ reason: 'repair' })));
      expect(await storage.replicate(awake)).toBe(hadPacks);
      expect((await latest()).protection).toBe('full');
      expect((await overview()).replicaHistogram.threeOrMore).toBe(6);

      await lost.device.beat();
      await storage.round(storage.agents);
      const metrics = async (): Promise<string> => (await storage.coordinator.anyone.get('//metrics')).text;
      expect(await metrics()).toContain('holdfast_packs_by_effective_replicas{replicas="3"} 6');
      await lost.inventory();
      await storage.round();
      expect(await metrics()).toContain(`holdfast_packs_by_effective_replicas{replicas="4"} ${hadPacks}`);
      expect(await storage.replicate()).toBe(0);
    });

    it('does not lose an inventory that arrives before the sweep has noticed the return', async () => {
      await backedUp(4);
      const lost = others[0]!;
      await storage.pass(
        UNTIL_MISSING_MS,
        storage.agents.filter((agent) => agent !== lost),
      );
      await storage.coordinator.clock.advance(10);
      await lost.device.beat();
      await lost.inventory();
      await storage.round();
      expect((await overview()).repair.backlogPacks).toBe(0);
      expect((await overview()).replicaHistogram.threeOrMore).toBe(4);
    });

    it('does not count what a whole inventory leaves out, and copies it again', async () => {
      await backedUp(5);
      const holder = others.find((agent) => agent.held.size >= 2)!;
      const [first, ...rest] = [...holder.held.keys()];
      await storage.coordinator.clock.advance(10);
      await holder.inventory(rest);
      await storage.settled();
      expect((await overview()).repair.backlogPacks).toBe(1);
      holder.held.delete(first!);
      expect(await storage.replicate()).toBe(1);
      expect(Math.min(...copiesOf(others))).toBe(3);
    });

    it('plans elsewhere when a holder falls asleep before it fetched', async () => {
      await owner.announce(owner.newPacks(3));
      await storage.settled();
      const sleeper = others.find((agent) => agent)!;
      const waiting = (await sleeper.jobs()).length;
      expect(waiting).toBeGreaterThan(0);
      const awake = storage.agents.filter((agent) => agent !== sleeper);
      await sleeper.device.beat({ leaving: true });
      expect(await storage.replicate(awake)).toBe(9);
      expect(await sleeper.jobs()).toEqual([]);
      expect(copiesOf(others)).toEqual([3, 3, 3]);
    });

    it('repairs at once what a revoked device held', async () => {
      await backedUp(4);
      const thief = others.find((agent) => agent.held.size > 0)!;
      expectStatus(await storage.admin.post(`/devices/${thief.device.deviceId}/revoke`), 204);
      const rest = storage.agents.filter((agent) => agent !== thief);
      expect(await storage.replicate(rest)).toBe(thief.held.size);
      expect(copiesOf(others.filter((agent) => agent !== thief))).toEqual([3, 3, 3, 3]);
    });

    it('floods nobody: at most so many open jobs a device, and the rest follows', async () => {
      await storage.close();
      await start(4, { durability: { jobs: { openPerDevice: 3 } } });
      await owner.announce(owner.newPacks(20));
      await storage.settled();
      for (const agent of others) expect(await agent.jobs()).toHaveLength(3);
      expect(await storage.replicate()).toBe(60);
    });

    it('follows the policy: other goals change the count of what is there, and what is still to do', async () => {
      await backedUp(3);
      await storage.setReplicas(4, 4);
      expect(await latest()).toMatchObject({ protection: 'captured', packsBelowMinimum: 3 });
      expect(await storage.replicate()).toBe(3);
      expect((await latest()).protection).toBe('full');
      await storage.setReplicas(2, 1);
      expect(await storage.replicate()).toBe(0);
    });

    it('keeps its counts over a restart', async () => {
      await backedUp(2);
      const reopened = await storage.coordinator.restart();
      expect((await reopened.anyone.get('//metrics')).text).toContain('holdfast_packs_by_effective_replicas{replicas="3"} 2');
      await reopened.close();
      await start(2);
    });
  });

  it('says what is missing while nobody else is there, and goes on when somebody comes', async () => {
    await start(1);
    await backedUp(2);
    expect((await overview()).reasons.map((r: { text: string }) => r.text)).toContainEqual(
      expect.stringContaining('no other device in the team'),
    );
    await storage.join('second');
    await storage.join('third');
    expect(await storage.replicate()).toBe(4);
    expect((await latest()).protection).toBe('protected');
  });

  it('looks again at packs for which nobody had room, once a device reports more', async () => {
    await start(4);
    const roomOf = async (agents: readonly FakeAgent[], availableForPacksBytes: number): Promise<void> => {
      for (const agent of agents) await agent.device.beat({ availableForPacksBytes });
      // No heartbeat of the harness, which would report a lot of room.
      await storage.round([]);
    };
    const fetched = async (): Promise<number[]> => Promise.all(others.map((agent) => agent.fetchAll()));
    await roomOf(others, 0);
    await owner.announce(owner.newPacks(2));
    await owner.commit();
    await storage.settled();
    expect((await overview()).reasons.map((r: { text: string }) => r.text)).toContain(
      '2 packs wait for copies: no device that is awake has room.',
    );

    await roomOf(others, 999);
    expect(await fetched()).toEqual([0, 0, 0]);
    await roomOf(others.slice(0, 2), 1e9);
    expect(await fetched()).toEqual([2, 2, 0]);
    expect((await latest()).protection).toBe('protected');
    await roomOf(others.slice(2), 1e9);
    expect(await fetched()).toEqual([0, 0, 2]);
    expect((await latest()).protection).toBe('full');
  });

  it('stands still when many go at once, says so, and goes on when they are back', async () => {
    await start(10);
    await backedUp(12);
    const gone = others.slice(0, 4);
    const awake = storage.agents.filter((agent) => !gone.includes(agent));
    await storage.pass(UNTIL_MISSING_MS, awake);
    expect(await storage.replicate(awake)).toBe(0);
    const troubled = await overview();
    expect(troubled).toMatchObject({ level: 'at-risk' });
    expect(troubled.reasons[0]).toMatchObject({
      deviceId: null,
      text: expect.stringContaining('4 of 10 devices went missing'),
      nextStep: expect.stringContaining('lost'),
    });

    for (const agent of gone.slice(0, 2)) await agent.device.beat();
    await storage.round(storage.agents.filter((agent) => !gone.slice(2).includes(agent)));
    for (const agent of gone.slice(0, 2)) await agent.inventory();
    const back = storage.agents.filter((agent) => !gone.slice(2).includes(agent));
    const missing = owner.packs.filter(({ packId }) => back.filter((agent) => agent.held.has(packId)).length < 3).length;
    const travelled = await storage.replicate(back);
    expect(travelled).toBeGreaterThanOrEqual(missing);
    expect((await overview()).replicaHistogram).toMatchObject({ zero: 0, one: 0, two: 0 });
  }, 60_000);
});
