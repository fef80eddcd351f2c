import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deviceSummary, drainProgress } from '#libs/contracts';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';

/** Beyond "missing" in the tests' thresholds. */
const UNTIL_MISSING_MS = 11_000;

describe('decisions about a device', () => {
  let storage: StorageTeam;
  let owner: FakeAgent;
  let others: FakeAgent[];

  const start = async (size: number, config: Record<string, unknown> = {}): Promise<void> => {
    storage = await startStorageTeam(size, { config });
    [owner, ...others] = storage.agents as [FakeAgent, ...FakeAgent[]];
  };
  beforeEach(() => start(6));
  afterEach(() => storage.close());

  const path = (agent: FakeAgent, what: string): string => `/devices/${agent.device.deviceId}/${what}`;
  const decide = async (agent: FakeAgent, what: string): Promise<void> =>
    void expectStatus(await storage.admin.post(path(agent, what)), 204);
  const stateOf = async (agent: FakeAgent): Promise<string> => {
    const { items } = expectStatus(await storage.admin.get('/devices?pageSize=100'), 200);
    return deviceSummary.parse(items.find((d: { deviceId: string }) => d.deviceId === agent.device.deviceId)).state;
  };
  const protection = async (): Promise<string> => (await storage.snapshots(owner))[0]!.protection;
  const drained = async (agent: FakeAgent) => drainProgress.parse(expectStatus(await storage.admin.get(path(agent, 'drain')), 200));
  const without = (agent: FakeAgent): FakeAgent[] => storage.agents.filter((a) => a !== agent);
  const fullest = (): FakeAgent => others.toSorted((a, b) => b.held.size - a.held.size)[0]!;
  const backedUp = async (packs: number): Promise<void> => {
    await owner.announce(owner.newPacks(packs));
    await owner.commit();
    await storage.replicate();
  };

  it('drain: copies out first, never below the minimum, and says when it may go', async () => {
    await backedUp(8);
    const leaver = fullest();
    const had = leaver.held.size;
    await decide(leaver, 'drain');
    await storage.round();
    expect(await stateOf(leaver)).toBe('draining');
    expect(await drained(leaver)).toMatchObject({ packs: had, stillNeeded: had, safeToRevoke: false });
    expect(await leaver.jobs()).toEqual([]);
    let travelled = 0;
    for (let moved = 1; moved > 0; travelled += moved) {
      moved = 0;
      for (const agent of without(leaver)) moved += await agent.fetchAll();
      await storage.round();
      expect(['protected', 'full']).toContain(await protection());
    }
    expect(travelled).toBe(had);
    expect(await drained(leaver)).toEqual({ packs: had, stillNeeded: 0, belowMinimumWithout: 0, safeToRevoke: true });
    await decide(leaver, 'revoke');
    expect(await storage.replicate(without(leaver))).toBe(0);
    expect(await protection()).toBe('full');
  });

  it('drain taken back: it is a member again, and its packs count', async () => {
    await backedUp(3);
    const leaver = fullest();
    await decide(leaver, 'drain');
    await storage.round();
    await decide(leaver, 'reactivate');
    await storage.round();
    expect(await stateOf(leaver)).toBe('active');
    // What was planned meanwhile and nobody began is fetched or not; nothing is missing either way.
    await storage.replicate();
    expect(await protection()).toBe('full');
  });

  it('lost: repaired at once; re-activated: reclaimed, nothing sent again', async () => {
    await backedUp(6);
    const gone = fullest();
    await decide(gone, 'lost');
    await storage.round();
    expect(await stateOf(gone)).toBe('lost');
    expect(await storage.replicate(without(gone))).toBe(gone.held.size);
    await decide(gone, 'reactivate');
    await storage.round();
    expect(await stateOf(gone)).toBe('reconciling');
    await gone.inventory();
    expect(await storage.replicate()).toBe(0);
    expect(await stateOf(gone)).toBe('active');
    expect((await storage.coordinator.anyone.get('//metrics')).text).toContain(
      `holdfast_packs_by_effective_replicas{replicas="4"} ${gone.held.size}`,
    );
  });

  it('a return calls off the copies that nobody has begun', async () => {
    await backedUp(6);
    const gone = fullest();
    await storage.pass(UNTIL_MISSING_MS, without(gone));
    const planned = (await Promise.all(without(gone).map((agent) => agent.jobs()))).flat();
    expect(planned).toHaveLength(gone.held.size);
    await storage.coordinator.clock.advance(10);
    await gone.device.beat();
    await storage.round();
    await gone.inventory();
    await storage.round();
    expect((await Promise.all(storage.agents.map((agent) => agent.jobs()))).flat()).toEqual([]);
    expect(await storage.replicate()).toBe(0);
    expect(await protection()).toBe('full');
  });

  it('away: no worse than overdue until then, and no repair; over a restart too', async () => {
    await backedUp(4);
    const traveller = fullest();
    const untilMs = storage.coordinator.clock.nowMs() + 60_000;
    for (let n = 0; n < 2; n += 1) expectStatus(await storage.admin.put(path(traveller, 'away'), { untilMs }), 204);
    await storage.pass(UNTIL_MISSING_MS, without(traveller));
    expect(await stateOf(traveller)).toBe('overdue');
    expect(await storage.replicate(without(traveller))).toBe(0);
    const reopened = await storage.coordinator.restart();
    expect(reopened.get(DeviceStatesService).marks(traveller.device.deviceId)).toMatchObject({ awayUntilMs: untilMs });
    await reopened.close();
    await start(2);
  });

  it('are for admins, leave one trace each, and end with revoking', async () => {
    const device = others[0]!;
    const auditor = await storage.team.people('auditor');
    for (const what of ['drain', 'lost', 'reactivate']) expect((await auditor.post(path(device, what))).status).toBe(403);
    expect((await storage.admin.post(`/devices/${crypto.randomUUID()}/drain`)).body.code).toBe('device_not_found');
    for (const what of ['drain', 'drain', 'lost', 'lost', 'reactivate', 'reactivate']) await decide(device, what);
    expect((await storage.admin.put(path(device, 'away'), { untilMs: -1 })).status).toBe(400);
    const { items } = expectStatus(await storage.admin.get('/audit-log'), 200);
    expect(items.slice(0, 3).map((entry: { action: string }) => entry.action)).toEqual([
      'device.reactivate',
      'device.lost',
      'device.drain',
    ]);
    await decide(device, 'revoke');
    expect((await storage.admin.post(path(device, 'reactivate'))).body.code).toBe('device_revoked');
  });

  it('a newcomer gets what is beyond the minimum, until it has been there for long enough', async () => {
    await storage.close();
    await start(4, { durability: { vetting: { minAgeSeconds: 100, auditsPassed: 0 } } });
    await storage.pass(101_000, storage.agents);
    const fresh = await storage.join('fresh');
    await storage.round();
    expect(await stateOf(fresh)).toBe('vetting');
    const [away] = others;
    const awake = storage.agents.filter((agent) => agent !== away);
    await storage.pass(5000, awake);
    await owner.announce(owner.newPacks(6));
    await owner.commit();
    await storage.replicate(awake);
    for (const { packId } of owner.packs) expect(others.slice(1).filter((agent) => agent.held.has(packId))).toHaveLength(2);
    expect(fresh.held.size).toBe(6);
    await storage.pass(100_000, awake);
    expect(await stateOf(fresh)).toBe('active');
  }, 120_000);

  it('learns when a device is there', async () => {
    const states = storage.coordinator.get(DeviceStatesService);
    const [steady, rare] = others as [FakeAgent, FakeAgent];
    const ids = [steady, rare].map((agent) => agent.device.deviceId);
    expect(ids.map((id) => states.availability(id))).toEqual([0.5, 0.5]);
    for (let hour = 0; hour < 24; hour += 1) {
      await storage.coordinator.clock.advance(3_600_000);
      await steady.device.beat();
      // The sweep may be writing the hour down already: whoever asks then sees it written.
      const sweep = states.refresh();
      await states.refresh();
      if (hour === 23) expect(states.availability(ids[0]!)).toBe((24 + 144 / 2) / 168);
      await sweep;
    }
    const [there, away] = ids.map((id) => states.availability(id)) as [number, number];
    // Of 168 hours 24 are known, each of the others counts half.
    expect(there).toBe((24 + 144 / 2) / 168);
    expect(away).toBeLessThan(0.45);
    const reopened = await storage.coordinator.restart();
    expect(reopened.get(DeviceStatesService).availability(ids[0]!)).toBe(there);
    await reopened.close();
    await start(2);
  });
});
