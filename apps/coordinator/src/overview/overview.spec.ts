import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deviceDetail, deviceSummary, overview as overviewSchema, pageOf } from '#libs/contracts';
import type { Overview } from '#libs/contracts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus, someStats } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';
import { PROTECTION_SAMPLE } from './protection-days.service.ts';

const hour = 3_600_000;

describe('overview and devices', () => {
  let storage: StorageTeam;

  const start = async (size: number): Promise<FakeAgent[]> => {
    storage = await startStorageTeam(size);
    return storage.agents;
  };
  beforeEach(() => undefined);
  afterEach(() => storage.close());

  const overview = async (): Promise<Overview> => {
    // Signed in anew: these tests let days pass.
    const admin = await storage.team.people('admin');
    return overviewSchema.parse(expectStatus(await admin.get('/overview'), 200));
  };
  const protect = async (agent: FakeAgent, over: Record<string, unknown> = {}): Promise<void> => {
    await agent.announce(agent.newPacks(2));
    await agent.commit(undefined, over);
    await storage.replicate();
  };

  it('is empty before the first device', async () => {
    await start(0);
    expect(await overview()).toMatchObject({ level: 'empty', headline: 'No devices yet', devices: { total: 0 } });
  });

  it('is green only when everyone is protected; one that was never backed up is not', async () => {
    const agents = await start(4);
    expect(await overview()).toMatchObject({
      level: 'attention',
      headline: '4 of 4 devices not protected',
      devices: { total: 4, online: 4, protected: 0 },
    });
    for (const agent of agents.slice(0, 3)) await protect(agent);
    const almost = await overview();
    expect(almost).toMatchObject({ level: 'attention', headline: '1 of 4 devices not protected' });
    expect(almost.reasons).toEqual([
      { deviceId: agents[3]!.device.deviceId, text: 'laptop-4: has never been backed up.', nextStep: expect.stringContaining('policy') },
    ]);
    await protect(agents[3]!);
    expect(await overview()).toMatchObject({
      level: 'protected',
      headline: 'All 4 devices are protected',
      reasons: [],
      devices: { protected: 4, notProtected: 0 },
    });
  });

  it('counts an anchor without a backup as storage, until it is told to back up', async () => {
    const agents = await start(3);
    const anchor = await storage.team.enrol('anchor', { class: 'anchor' });
    await anchor.beat();
    for (const agent of agents) {
      await anchor.beat();
      await protect(agent);
    }
    expect(await overview()).toMatchObject({
      level: 'protected',
      headline: 'All 3 devices with backups are protected; 1 more only stores for others',
      devices: { total: 4, protected: 3, notProtected: 0, storageOnly: 1 },
      reasons: [],
    });
    await storage.coordinator.clock.advance(30 * hour);
    const admin = await storage.team.people('admin');
    const device = async () => deviceDetail.parse(expectStatus(await admin.get(`/devices/${anchor.deviceId}`), 200));
    expect((await device()).rpoMet).toBeNull();
    expect((await storage.coordinator.anyone.get('//metrics')).text).not.toContain(`timestamp_seconds{device="${anchor.deviceId}"`);
    expectStatus(await admin.put(`/policies/devices/${anchor.deviceId}`, { folders: ['/srv'] }), 200);
    expect((await device()).rpoMet).toBe(false);
    expect((await overview()).devices).toMatchObject({ total: 4, storageOnly: 0 });
  });

  it('never shows a captured backup as protected', async () => {
    const [agent] = await start(3);
    await agent!.announce(agent!.newPacks(1));
    await agent!.commit();
    await storage.settled();
    const { reasons } = await overview();
    expect(reasons.find((r) => r.deviceId === agent!.device.deviceId)?.text).toContain('captured on its own disk only');
    const device = deviceDetail.parse(expectStatus(await storage.admin.get(`/devices/${agent!.device.deviceId}`), 200));
    expect(device).toMatchObject({ lastProtectedAtMs: null, rpoMet: null, snapshots: 1, latestSnapshots: [{ protection: 'captured' }] });
    expect(device.lastCapturedAtMs).toBe(storage.coordinator.clock.nowMs());
  });

  it('turns when the promise is broken, and remembers the worst of each day', async () => {
    const agents = await start(4);
    for (const agent of agents) await protect(agent);
    const schedules = storage.coordinator.get(SchedulesService);
    await schedules.runNow(PROTECTION_SAMPLE);
    await storage.coordinator.clock.advance(25 * hour);
    await storage.round();
    // A sweep inside the jump may have found everybody gone; an agent that is back shows what it holds.
    for (const agent of agents) await agent.inventory();
    await storage.round();
    const late = await overview();
    expect(late).toMatchObject({ level: 'at-risk', headline: '4 of 4 devices not protected' });
    await schedules.runNow(PROTECTION_SAMPLE);
    await protect(agents[0]!);
    expect((await overview()).history.slice(-2)).toMatchObject([
      { protected: 4, atRisk: 0 },
      { protected: 1, atRisk: 3 },
    ]);
  });

  it('a backup of named paths keeps no promise about all that is to be backed up', async () => {
    const [agent] = (await start(4)) as [FakeAgent, ...FakeAgent[]];
    const card = async () => {
      const admin = await storage.team.people('admin');
      return deviceDetail.parse(expectStatus(await admin.get(`/devices/${agent.device.deviceId}`), 200));
    };
    await protect(agent);
    const before = await card();
    expect(before).toMatchObject({ rpoMet: true, snapshots: 1 });
    await storage.coordinator.clock.advance(25 * hour);
    for (const one of storage.agents) await one.inventory();
    await storage.round();
    await protect(agent, { adHoc: true });
    const { lastCapturedAtMs, lastProtectedAtMs } = before;
    expect(await card()).toMatchObject({ rpoMet: false, snapshots: 2, lastCapturedAtMs, lastProtectedAtMs });
    await protect(agent);
    expect(await card()).toMatchObject({ rpoMet: true, snapshots: 3 });
  });

  it('a backup in which something could not be read is amber, and keeps no promise unless the policy says so', async () => {
    const agents = (await start(4)) as [FakeAgent, ...FakeAgent[]];
    const [agent] = agents;
    const card = async () => {
      const admin = await storage.team.people('admin');
      return deviceDetail.parse(expectStatus(await admin.get(`/devices/${agent.device.deviceId}`), 200));
    };
    const verdict = async () => {
      const { level, devices, reasons } = await overview();
      return { level, protected: devices.protected, text: reasons.find((r) => r.deviceId === agent.device.deviceId)?.text };
    };
    const unreadable = { stats: { ...someStats, errors: 2 } };
    const metric = async (): Promise<number> =>
      Number(/last_protected_timestamp_seconds{[^}]*laptop-1"} (\d+)/.exec((await storage.coordinator.anyone.get('//metrics')).text)![1]);
    for (const other of agents.slice(1)) await protect(other);
    // The first one ever: in time for the promise, and still no whole backup.
    await protect(agent, { partial: true });
    expect(await card()).toMatchObject({ rpoMet: null, lastProtectedAtMs: null, incomplete: { unread: 1, inTime: true } });
    expect(await verdict()).toMatchObject({
      level: 'attention',
      protected: 3,
      text: expect.stringContaining('No complete protected backup yet'),
    });
    expect(await metric()).toBe(0);
    await protect(agent);
    const { lastProtectedAtMs } = await card();
    expect(await verdict()).toEqual({ level: 'protected', protected: 4, text: undefined });
    await storage.coordinator.clock.advance(2 * hour);
    // As above: a sweep inside the jump may have found everybody gone.
    for (const one of storage.agents) await one.inventory();
    await storage.round();
    await protect(agent, unreadable);
    // A complete one is fresh enough, so that the promise is kept; it is said all the same.
    expect(await card()).toMatchObject({ rpoMet: true, lastProtectedAtMs, incomplete: { unread: 2, inTime: false } });
    expect(await verdict()).toMatchObject({
      level: 'attention',
      protected: 4,
      text: 'laptop-1: its newest backup is incomplete: 2 things could not be read.',
    });
    await storage.coordinator.clock.advance(23 * hour);
    for (const one of agents) await one.inventory();
    await storage.round();
    for (const other of agents.slice(1)) await protect(other);
    await protect(agent, unreadable);
    expect(await card()).toMatchObject({ rpoMet: false, lastProtectedAtMs, incomplete: { unread: 2, inTime: true } });
    expect(await verdict()).toMatchObject({
      level: 'attention',
      protected: 3,
      text: expect.stringMatching(/complete .* 25 hours old.*: 2 things could not be read/),
    });
    expect(await metric()).toBe(Math.floor(lastProtectedAtMs! / 1000));
    // A policy that lets them count. It is the coordinator's to judge by: an agent would refuse a word that it does not know.
    const admin = await storage.team.people('admin');
    const { team } = expectStatus(await admin.get<{ team: { schedule: object } }>('/policies/team'), 200);
    expectStatus(await admin.put('/policies/team', { ...team, schedule: { ...team.schedule, incompleteCounts: true } }), 200);
    expect(await card()).toMatchObject({ rpoMet: true, incomplete: null });
    expect(await verdict()).toMatchObject({ protected: 4, text: undefined });
    const forAgent = expectStatus(
      await agent.device.fresh().get<{ effective: { schedule: object } }>('/agent/policy?knows=link-limits'),
      200,
    );
    expect(forAgent.effective.schedule).not.toHaveProperty('incompleteCounts');
  });

  it('a backup that waited offline for days is as old as it is, whenever the coordinator hears of it', async () => {
    const [agent] = (await start(4)) as [FakeAgent, ...FakeAgent[]];
    const card = async () => {
      const admin = await storage.team.people('admin');
      return deviceDetail.parse(expectStatus(await admin.get(`/devices/${agent.device.deviceId}`), 200));
    };
    await protect(agent, { waitedMs: 30 * hour });
    expect(await card()).toMatchObject({ rpoMet: false, snapshots: 1, latestSnapshots: [{ protection: 'full' }] });
    await protect(agent, { waitedMs: 2 * hour });
    expect(await card()).toMatchObject({ rpoMet: true, snapshots: 2 });
  });

  it('lists devices page by page, sorted and searched', async () => {
    const agents = await start(3);
    await agents[2]!.device.beat({ heldBytes: 5 });
    const list = async (query: string) => pageOf(deviceSummary).parse(expectStatus(await storage.admin.get(`/devices?${query}`), 200));
    expect((await list('')).items.map((d) => d.name)).toEqual(['laptop-1', 'laptop-2', 'laptop-3']);
    expect((await list('sort=heldBytes&order=desc&pageSize=1')).items.map((d) => d.name)).toEqual(['laptop-3']);
    expect((await list('pageSize=2&page=2')).items.map((d) => d.name)).toEqual(['laptop-3']);
    expect(await list('search=TOP-2')).toMatchObject({ total: 1, items: [{ name: 'laptop-2', state: 'active', online: true }] });
    expect((await storage.admin.get('/devices?sort=constructor')).status).toBe(200);
  });

  it('shows last night’s runs by device', async () => {
    const [agent] = await start(2);
    const runId = crypto.randomUUID();
    const startedAtMs = storage.coordinator.clock.nowMs();
    const run = { runId, trigger: 'schedule', state: 'running', startedAtMs, endedAtMs: null, filesDone: 0, bytesDone: 0 };
    const rest = { snapshotSequence: null, errorCode: null, errorMessage: null, fileErrors: 0 };
    const report = (over: Record<string, unknown>, who = agent!) =>
      who.device.fresh().put(`/agent/runs/${runId}`, { ...run, ...rest, ...over });
    expectStatus(await report({}), 204);
    expectStatus(await report({ state: 'captured', endedAtMs: startedAtMs + 1, filesDone: 9 }), 204);
    // A report that was delayed on its way.
    expectStatus(await report({ filesDone: 3 }), 204);
    expect((await report({}, storage.agents[1])).body.code).toBe('run_conflict');
    const { lastNight } = await overview();
    expect(lastNight).toEqual([
      {
        deviceId: agent!.device.deviceId,
        deviceName: 'laptop-1',
        runs: [expect.objectContaining({ state: 'captured', filesDone: 9, protection: null })],
      },
    ]);
    expect(expectStatus(await storage.admin.get(`/devices/${agent!.device.deviceId}/runs`), 200)).toMatchObject({ total: 1 });
  });

  it('says of each run how safe its snapshot is by now', async () => {
    const [agent, other] = await start(4);
    const startedAtMs = storage.coordinator.clock.nowMs();
    const reported = async (who: FakeAgent, snapshotSequence: number | null): Promise<void> => {
      const runId = crypto.randomUUID();
      const run = {
        runId,
        trigger: 'schedule',
        state: snapshotSequence === null ? 'failed' : 'captured',
        startedAtMs,
        endedAtMs: startedAtMs,
      };
      const rest = { filesDone: 0, bytesDone: 0, snapshotSequence, errorCode: null, errorMessage: null, fileErrors: 0 };
      expectStatus(await who.device.fresh().put(`/agent/runs/${runId}`, { ...run, ...rest }), 204);
    };
    const protections = async (): Promise<unknown> =>
      Object.fromEntries(
        (await overview()).lastNight.map((strip) => [
          strip.deviceName,
          Object.fromEntries(strip.runs.map((run) => [run.snapshotSequence, run.protection])),
        ]),
      );
    await protect(agent!);
    await agent!.announce(agent!.newPacks(1));
    await agent!.commit();
    // Of the other's vault: sequences are alike in every vault.
    await other!.announce(other!.newPacks(1));
    await other!.commit();
    await reported(agent!, 1);
    await reported(agent!, 2);
    // The run was reported before its snapshot.
    await reported(agent!, 3);
    await reported(agent!, null);
    await reported(other!, 1);
    expect(await protections()).toEqual({
      'laptop-1': { 1: 'full', 2: 'captured', 3: null, null: null },
      'laptop-2': { 1: 'captured' },
    });
    await storage.replicate();
    expect(await protections()).toMatchObject({ 'laptop-1': { 1: 'full', 2: 'full', 3: null }, 'laptop-2': { 1: 'full' } });
    const device = deviceDetail.parse(expectStatus(await storage.admin.get(`/devices/${other!.device.deviceId}`), 200));
    expect(device.runs).toMatchObject([{ snapshotSequence: 1, protection: 'full' }]);
  });

  it('asks a device for a backup once, however often it is clicked', async () => {
    const [agent] = await start(1);
    const path = `/devices/${agent!.device.deviceId}/backup`;
    for (let n = 0; n < 3; n += 1) expectStatus(await storage.admin.post(path), 204);
    expect((await agent!.jobs()).map((job) => job.task)).toEqual([{ kind: 'backup', reason: 'admin' }]);
    expect((await (await storage.team.people('auditor')).post(path)).status).toBe(403);
  });

  it('says in good time that the coordinator’s certificate ends', async () => {
    await start(1);
    const said = async () =>
      (await overview()).reasons.filter((reason) => reason.text.includes('certificate')).map((reason) => reason.text);
    const endsAt = storage.coordinator.clock.nowMs() / 1000 + 366 * 24 * 3600;
    expect((await storage.coordinator.anyone.get('//metrics')).text).toContain(
      `holdfast_coordinator_certificate_expiry_timestamp_seconds ${endsAt}`,
    );
    await storage.coordinator.clock.advance(300 * 24 * hour);
    expect(await said()).toEqual([]);
    await storage.coordinator.clock.advance(7 * 24 * hour);
    expect(await said()).toEqual(['The coordinator’s certificate ends in 59 days. Then no device can join the team.']);
    await storage.coordinator.clock.advance(60 * 24 * hour);
    expect(await said()).toEqual(['The coordinator’s certificate ended 1 day ago: no device can join the team.']);
  });

  it('gives metrics to make alerts of', async () => {
    const agents = await start(4);
    await protect(agents[0]!);
    const { text } = await storage.coordinator.anyone.get('//metrics');
    const id = agents[0]!.device.deviceId;
    expect(text).toContain(
      `holdfast_device_last_protected_timestamp_seconds{device="${id}",name="laptop-1"} ${storage.coordinator.clock.nowMs() / 1000}`,
    );
    expect(text).toContain('holdfast_packs_by_effective_replicas{replicas="3"} 2');
    for (const line of ['holdfast_repair_backlog_bytes 0', 'holdfast_repair_backlog_packs 0', 'holdfast_repair_frozen 0'])
      expect(text).toContain(line);
  });
});
