import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { HeartbeatReply, Memory, RebuildView, Roster, RosterMember, SignedStatement } from '#libs/contracts';
import { rebuildView } from '#libs/contracts';
import { newSigningKeyPair, peekStatement, signStatement } from '#libs/crypto';
import type { PackId } from '#libs/kernel';
import { systemRandom } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogRepository } from '../audit-log/audit-log.repository.ts';
import { Database } from '../database/database.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { PacksService } from '../packs/packs.service.ts';
import { RELEASE_SWEEP } from '../releases/release-sweep.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus, neededPacks, someStats } from '../testing/fake-agent.ts';
import { ReleasingOwner } from '../testing/releasing-owner.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';
import { aHeartbeat } from '../testing/test-team.ts';
import { MemoryService } from './memory.service.ts';
import { RebuildEndService } from './rebuild-end.service.ts';
import { RebuildStateService } from './rebuild-state.service.ts';
import { REBUILD_SWEEP } from './rebuild-sweep.service.ts';

const PACKS = 6;

describe('a coordinator that lost its memory', () => {
  let storage: StorageTeam;
  let owner: ReleasingOwner;
  let others: FakeAgent[];
  /** Every receipt that the owner ever got, with its cursor. */
  let receipts: { cursor: number; receipt: SignedStatement }[];

  /** One owner with six packs (the first is the index) and a snapshot, three copies of each at four colleagues. */
  beforeEach(async () => {
    storage = await startStorageTeam(5);
    const [first, ...rest] = storage.agents as [FakeAgent, ...FakeAgent[]];
    others = rest;
    owner = new ReleasingOwner(storage, first);
    await first.announce(first.newPacks(PACKS));
    await owner.backUp(ordinals());
    await storage.replicate();
    ({ receipts } = expectStatus(await first.device.fresh().get('/agent/receipts'), 200));
  });
  afterEach(() => storage.close());

  const ordinals = (): number[] => owner.agent.packs.map((p) => p.ordinal);
  const packIds = (): PackId[] => owner.agent.packs.map((p) => p.packId);
  const database = (): Database => storage.coordinator.get(Database);
  const sql = (...statements: string[]): Promise<void> =>
    database().write(async (manager) => {
      for (const one of statements) await manager.query(one);
    });
  const view = async (): Promise<RebuildView> =>
    rebuildView.parse(expectStatus(await (await storage.team.people('admin')).get('/rebuild'), 200));
  const beat = async (agent: FakeAgent, told: SignedStatement | null): Promise<NonNullable<HeartbeatReply['memory']>> =>
    expectStatus(
      await agent.device.fresh().post<HeartbeatReply>('/agent/heartbeat', { ...aHeartbeat(storage.coordinator), memory: told }),
      200,
    ).memory!;
  const bodyOf = (statement: SignedStatement): Memory => peekStatement('memory', statement) as Memory;
  const counts = async (): Promise<{ replicas: string[]; effective: number[]; snapshots: unknown[] }> => ({
    replicas: (await storage.coordinator.get(ReplicasService).ofPacks(packIds()))
      .filter((row) => row.status === 'held')
      .map((row) => `${row.packId}/${row.deviceId}`)
      .sort(),
    effective: (await storage.coordinator.get(PacksService).find(packIds())).map((pack) => pack.effective),
    snapshots: (await storage.snapshots(owner.agent)).map(({ sequence, protection, packs, packsBelowMinimum }) => ({
      ...{ sequence, protection, packs, packsBelowMinimum },
    })),
  });
  const sweep = async (): Promise<void> => {
    await storage.coordinator.get(SchedulesService).runNow(REBUILD_SWEEP);
    await storage.settled();
  };
  const empty = async (): Promise<void> => {
    await sql('DELETE FROM packs', 'DELETE FROM replicas', 'DELETE FROM receipts', 'DELETE FROM snapshots');
    await storage.coordinator.get(MemoryService).checkDatabase();
    await storage.settled();
  };
  const done = async (agent: FakeAgent): Promise<void> => {
    const { statement } = await beat(agent, null);
    const { memoryId } = bodyOf(statement);
    expectStatus(await agent.device.fresh().post('/agent/rebuild/done', { memoryId }), 204);
  };
  const ownerTells = async (returned = receipts): Promise<void> => {
    const client = owner.agent.device.fresh();
    expectStatus(await owner.agent.announce(owner.agent.packs), 204);
    expectStatus(await owner.putHead(), 204);
    const one = { sequence: owner.snapshots[0]!, neededPacks: neededPacks(ordinals()), startedAtMs: 1, endedAtMs: 2, partial: false };
    const snapshots = [
      { ...one, stats: someStats },
      { ...one, sequence: 77, stats: someStats },
    ];
    expectStatus(await client.post('/agent/rebuild/snapshots', { vaultId: owner.agent.vaultId, snapshots }), 204);
    if (returned.length > 0) expectStatus(await client.post('/agent/rebuild/receipts', { receipts: returned }), 204);
    await done(owner.agent);
  };
  const rosterOf = async (agent: FakeAgent): Promise<Roster> =>
    peekStatement('roster', expectStatus(await agent.device.fresh().get<SignedStatement>('/agent/roster'), 200)) as Roster;
  const revokedIf =
    (revoked: FakeAgent) =>
    (member: RosterMember): RosterMember =>
      member.deviceId === revoked.device.deviceId ? { ...member, state: 'revoked' } : member;
  const jobs = async (): Promise<number> => {
    await storage.round();
    return (await Promise.all(storage.agents.map((agent) => agent.jobs()))).flat().length;
  };

  it('notices emptied tables, orders nothing while they fill again, and counts the same as before', async () => {
    const before = await counts();
    expect(before.effective).toEqual(Array(PACKS).fill(6));
    await empty();
    expect(await view()).toMatchObject({ frozen: true, knownDevices: 5, reportedDevices: 0, neededDevices: 5 });
    expect(expectStatus(await storage.admin.get('/overview'), 200)).toMatchObject({
      level: 'at-risk',
      reasons: expect.arrayContaining([expect.objectContaining({ text: expect.stringMatching(/restored: 0 of 5 devices have reported/) })]),
    });

    for (const [n, agent] of others.entries()) {
      // Half of them before the owner has named its packs.
      if (n === 2) await ownerTells();
      await agent.inventory();
      await done(agent);
      expect(await jobs()).toBe(0);
    }
    // Nothing is repaired before what is on the disks is on record.
    expect(await view()).toMatchObject({ frozen: true, reportedDevices: 5, waitingFor: [], endedAtMs: null });
    await sweep();
    expect(await view()).toMatchObject({ frozen: false, reportedDevices: 5, waitingFor: [], endedBy: null });
    expect(await jobs()).toBe(0);
    expect(await counts()).toEqual(before);
    // What the owner has already is not sent to it once more; what comes now is.
    const last = receipts.at(-1)!.cursor;
    expect(expectStatus(await owner.agent.device.fresh().get(`/agent/receipts?since=${last}`), 200).receipts).toEqual([]);
    await storage.coordinator.clock.advance(1000);
    await owner.agent.announce(owner.agent.newPacks(1));
    expect(await storage.replicate()).toBe(3);
    expect(expectStatus(await owner.agent.device.fresh().get(`/agent/receipts?since=${last}`), 200).receipts).toHaveLength(3);
  });

  it('places new packs of an owner that has told everything, and nothing else', async () => {
    await empty();
    await ownerTells([]);
    await storage.coordinator.clock.advance(1000);
    expect(await jobs()).toBe(0);
    const fresh = owner.agent.newPacks(1);
    await owner.agent.announce(fresh);
    await storage.round();
    const ordered = (await Promise.all(others.map((agent) => agent.jobs()))).flat();
    expect(ordered.map((job) => (job.task.kind === 'replicate' ? job.task.packId : ''))).toEqual(Array(3).fill(fresh[0]!.packId));
  });

  it('places what a device brings that joined meanwhile, as soon as two others have told who is a member', async () => {
    await empty();
    await storage.coordinator.clock.advance(1000);
    const newcomer = await storage.join('newcomer');
    const first = newcomer.newPacks(1);
    await newcomer.announce(first);
    // It has nothing to tell, and is waited for by nobody.
    expect((await beat(newcomer, null)).report).toBe(false);
    expect(await view()).toMatchObject({ frozen: true, knownDevices: 5 });
    for (const agent of others.slice(0, 2)) {
      expect(await jobs()).toBe(0);
      await agent.inventory();
      await done(agent);
    }
    const ordered = async (): Promise<string[]> => {
      await storage.round();
      const given = (await Promise.all(storage.agents.map((agent) => agent.jobs()))).flat();
      return given.map(({ task }) => (task.kind === 'replicate' ? task.packId : '')).sort();
    };
    expect(await ordered()).toEqual(Array(3).fill(first[0]!.packId));
    // What comes later too; nothing of those that may only have been forgotten.
    const [second] = newcomer.newPacks(1);
    await newcomer.announce([second!]);
    expect(await ordered()).toEqual([first, [second!]].flatMap(([pack]) => Array<string>(3).fill(pack!.packId)).sort());
    expect(await view()).toMatchObject({ frozen: true, reportedDevices: 2 });
  });

  it('gives nobody a pack on its own word: a device that was revoked since the copy gets none, however early it is', async () => {
    await empty();
    const [stolen] = others as [FakeAgent];
    const jobsOf = async (agent: FakeAgent): Promise<number> => (await agent.jobs()).length;
    // It is there first, alone, and says all that it is asked for; others have new packs and have not told theirs yet.
    await stolen.inventory();
    await done(stolen);
    await storage.coordinator.clock.advance(1000);
    const [, early] = others as [FakeAgent, FakeAgent];
    await early.announce(early.newPacks(1));
    await storage.round();
    expect(await jobsOf(stolen)).toBe(0);
    // Packs are placed once their owner has told everything, its roster first: so who gets them was judged by another's word.
    const before = await rosterOf(owner.agent);
    const revoking = { ...before, version: before.version + 1, members: before.members.map(revokedIf(stolen)) };
    const roster = storage.coordinator.get(CoordinatorIdentity).sign('roster', revoking);
    expectStatus(await owner.agent.device.fresh().post('/agent/rebuild/roster', { roster }), 204);
    await ownerTells();
    await storage.coordinator.clock.advance(1000);
    await owner.agent.announce(owner.agent.newPacks(1));
    const [, ...honest] = others;
    await storage.round([owner.agent, ...honest]);
    expect(await stolen.device.fresh().get('/agent/jobs')).toMatchObject({ status: 403, body: { code: 'device_revoked' } });
    expect(await Promise.all(honest.map(jobsOf))).toEqual([1, 1, 1]);
  });

  it('goes on when an admin says so, once, with a line in the audit log', async () => {
    await empty();
    await ownerTells();
    const auditor = await storage.team.people('auditor');
    expect(await auditor.post('/rebuild/go')).toMatchObject({ status: 403 });
    for (let n = 0; n < 2; n += 1) expectStatus(await storage.admin.post('/rebuild/go'), 204);
    expect(await view()).toMatchObject({ frozen: false, reportedDevices: 1, endedBy: 'admin@example.org' });
    const { entries } = await storage.coordinator.get(AuditLogRepository).page({ page: 1, pageSize: 100, order: 'desc' });
    expect(entries.filter((entry) => entry.action.startsWith('rebuild.')).map((entry) => entry.action)).toEqual([
      'rebuild.go',
      'rebuild.begin',
    ]);
    // It does not freeze again because somebody leaves or joins.
    await storage.join('late');
    expect(await view()).toMatchObject({ frozen: false });
  });

  it('goes on where it was after a restart: neither begun anew, nor a person’s word forgotten', async () => {
    await empty();
    await ownerTells();
    const before = await view();
    let coordinator = await storage.coordinator.restart();
    expect(await coordinator.get(RebuildStateService).view()).toEqual(before);
    expect(before).toMatchObject({ frozen: true, reportedDevices: 1 });
    await coordinator.get(RebuildEndService).go({ email: 'admin@example.org' } as CurrentPerson);
    // As if the owner had not come back: whoever is waited for explains what is missing.
    await coordinator.get(Database).write(async (manager) => {
      for (const table of ['snapshots', 'rebuild_reports']) await manager.query(`DELETE FROM ${table}`);
    });
    coordinator = await coordinator.restart();
    expect(await coordinator.get(RebuildStateService).view()).toMatchObject({ frozen: false, endedBy: 'admin@example.org' });
    await coordinator.close();
    storage = await startStorageTeam(1);
  });

  it('refuses to say go where nothing was lost', async () => {
    expect(await storage.admin.post('/rebuild/go')).toMatchObject({ status: 409, body: { code: 'rebuild_not_running' } });
    expect(await view()).toMatchObject({ frozen: false, sinceMs: null });
  });

  it('forgets no replaced head and no dropped snapshot while it is frozen, however old they are', async () => {
    await owner.backUp(ordinals());
    expectStatus(await owner.forget([owner.snapshots[0]!]), 204);
    await sql('UPDATE kept_heads SET kept_at_ms = 1', 'UPDATE forgotten_snapshots SET forgotten_at_ms = 1');
    const kept = async (): Promise<number[]> => {
      expect(await storage.coordinator.get(SchedulesService).runNow(RELEASE_SWEEP)).toBe('done');
      return Promise.all(
        ['kept_heads', 'forgotten_snapshots'].map(async (table) =>
          Number((await database().read.query<{ n: number | string }[]>(`SELECT COUNT(*) AS n FROM ${table}`))[0]!.n),
        ),
      );
    };
    await sql('DELETE FROM replicas', 'DELETE FROM receipts', 'UPDATE devices SET held_packs = 3');
    await storage.coordinator.get(MemoryService).checkDatabase();
    expect(await view()).toMatchObject({ frozen: true });
    const before = await kept();
    expect(Math.min(...before)).toBeGreaterThan(0);
    expectStatus(await storage.admin.post('/rebuild/go'), 204);
    // They were old enough to go all the time.
    expect(await kept()).toEqual([0, 0]);
  });

  it('signs nothing that leads to a deletion, and what was in hold waits for a person again', async () => {
    for (let n = 0; n < 2; n += 1) await owner.agent.announce(owner.agent.newPacks(8));
    await owner.backUp(ordinals().filter((ordinal) => ordinal !== 7));
    await owner.backUp(ordinals().filter((ordinal) => ordinal !== 7));
    await storage.replicate();
    const dead = [owner.agent.packs[7]!.packId];
    const { releaseId } = expectStatus(await owner.submit(owner.sign(dead)), 200);
    const before = await storage.admin.get(`/releases/${releaseId}`);
    expect(before.body).toMatchObject({ state: 'holding' });
    await sql('DELETE FROM replicas', 'DELETE FROM receipts');
    // As devices report it with their heartbeats.
    await sql('UPDATE devices SET held_packs = 3');
    await storage.coordinator.get(MemoryService).checkDatabase();
    await storage.settled();
    expect((await storage.admin.get(`/releases/${releaseId}`)).body).toMatchObject({
      state: 'waiting',
      flags: ['restored-since'],
      explanation: expect.stringMatching(/may have cancelled/),
    });
    expect(await storage.admin.post(`/releases/${releaseId}/approve`)).toMatchObject({
      status: 503,
      body: { code: 'coordinator_rebuilding', title: expect.stringMatching(/0 of 5/) },
    });
    expect(await owner.submit(owner.sign([owner.agent.packs[8]!.packId]))).toMatchObject({ status: 503 });
    const drain = await storage.admin.get(`/devices/${others[0]!.device.deviceId}/drain`);
    expect(drain.body).toMatchObject({ safeToRevoke: false });
    expectStatus(await storage.admin.post('/rebuild/go'), 204);
    expectStatus(await storage.admin.post(`/releases/${releaseId}/approve`), 204);
  });

  describe('notices an older copy', () => {
    const rewind = async (mark: number): Promise<void> => {
      await sql(`UPDATE memories SET mark = ${mark}`);
      // As a start on that copy does.
      await storage.coordinator.get(MemoryService).refresh();
    };
    const later = async (agent: FakeAgent, told: SignedStatement | null): Promise<SignedStatement> => {
      await storage.coordinator.clock.advance(storage.coordinator.config.presence.flushSeconds * 1000);
      return (await beat(agent, told)).statement;
    };

    it('by what a device was told since', async () => {
      const [ada, ben] = others as [FakeAgent, FakeAgent];
      const old = await later(ada, null);
      const newer = await later(ada, old);
      expect(bodyOf(newer).mark).toBeGreaterThan(bodyOf(old).mark);
      expect(await view()).toMatchObject({ sinceMs: null });
      await rewind(bodyOf(old).mark);
      const answer = await beat(ada, newer);
      expect(bodyOf(answer.statement).memoryId).not.toBe(bodyOf(newer).memoryId);
      expect(answer.report).toBe(true);
      expect(await view()).toMatchObject({ frozen: true, cause: expect.stringContaining(ada.device.name) });
      // A second one that remembers the same loss begins no second rebuild, nor does a note from long ago.
      const { sinceMs } = await view();
      await storage.coordinator.clock.advance(1000);
      expect((await beat(ben, newer)).report).toBe(true);
      expect(bodyOf((await beat(ben, old)).statement).memoryId).toBe(bodyOf(answer.statement).memoryId);
      expect(await view()).toMatchObject({ sinceMs });
    });

    it('and by a memory that it knows nothing of', async () => {
      const told = await later(others[0]!, null);
      await sql('DELETE FROM memories');
      await storage.coordinator.get(MemoryService).onModuleInit();
      expect((await beat(others[0]!, told)).report).toBe(true);
      expect(await view()).toMatchObject({ frozen: true });
      expect((await beat(others[1]!, told)).report).toBe(true);
    });

    it('but no device can make a loss up', async () => {
      const real = bodyOf(await later(others[0]!, null));
      const stranger = newSigningKeyPair(systemRandom);
      for (const body of [
        { ...real, mark: real.mark + 100 },
        { ...real, memoryId: crypto.randomUUID() },
      ]) {
        const forged = signStatement('memory', body, stranger.secretKey);
        expect((await beat(others[0]!, forged)).report).toBe(false);
      }
      // An agent from before memories is told nothing of them.
      expect((await others[0]!.device.fresh().post('/agent/heartbeat', aHeartbeat(storage.coordinator))).body).not.toHaveProperty('memory');
      const noMemory = { type: 'memory', payload: 'AAAA', signature: 'A'.repeat(86) };
      expect((await beat(others[0]!, noMemory)).report).toBe(false);
      expect(await view()).toMatchObject({ sinceMs: null });
    });
  });

  describe('believes a receipt', () => {
    it('for its signature only, and never a number that would push all later ones out of reach', async () => {
      const body = peekStatement('receipt', receipts[0]!.receipt) as { holderDeviceId: string };
      const { signing } = others.find((agent) => agent.device.deviceId === body.holderDeviceId)!.device;
      const another = others.find((agent) => agent.device.signing !== signing)!.device.signing;
      const own = owner.agent.device;
      const forged = [
        signStatement('receipt', body, another.secretKey),
        signStatement('receipt', { ...body, sizeBytes: 999 }, signing.secretKey),
        signStatement('receipt', { ...body, packId: others[0]!.newPacks(1)[0]!.packId }, signing.secretKey),
        signStatement('receipt', { ...body, holderDeviceId: own.deviceId }, own.signing.secretKey),
      ];
      await empty();
      await ownerTells(forged.map((receipt) => ({ cursor: 1, receipt })));
      expect((await counts()).replicas).toEqual([]);
      await ownerTells([{ cursor: Number.MAX_SAFE_INTEGER, receipt: receipts[0]!.receipt }]);
      expect((await counts()).replicas).toHaveLength(1);
      const kept = expectStatus(await own.fresh().get('/agent/receipts'), 200).receipts as { cursor: number }[];
      expect(kept.map((one) => one.cursor <= storage.coordinator.clock.nowMs() + 1)).toEqual([true]);
    });

    it('but not when its holder has shown since that the pack is not there', async () => {
      await empty();
      const [gone] = others as [FakeAgent];
      await gone.inventory([]);
      await ownerTells();
      const { replicas } = await counts();
      expect(replicas.length).toBeGreaterThan(0);
      expect(replicas.some((one) => one.endsWith(gone.device.deviceId))).toBe(false);
    });
  });

  it('asks holders that have a pack without a receipt for a new one, and nothing travels', async () => {
    const before = await counts();
    await empty();
    for (const agent of others) {
      await agent.inventory();
      await done(agent);
    }
    await sweep();
    expect(await jobs()).toBe(0);
    await ownerTells([]);
    await sweep();
    for (const agent of others) {
      for (const { task } of await agent.jobs()) expect(task).toMatchObject({ kind: 'replicate', packId: expect.any(String) });
      const asked = (await agent.jobs()).map((job) => (job.task.kind === 'replicate' ? job.task.packId : ''));
      expect(asked.sort()).toEqual([...agent.held.keys()].sort());
      await agent.fetchAll();
    }
    await sweep();
    expect(await jobs()).toBe(0);
    expect(await counts()).toEqual(before);
  });

  describe('takes members from a roster that it signed itself', () => {
    const rosterWith = async (change: (members: Record<string, unknown>[]) => Record<string, unknown>[]): Promise<SignedStatement> => {
      const statement = expectStatus(await others[0]!.device.fresh().get<SignedStatement>('/agent/roster'), 200);
      const body = peekStatement('roster', statement) as { version: number; members: Record<string, unknown>[] };
      return storage.coordinator
        .get(CoordinatorIdentity)
        .sign('roster', { ...body, version: body.version + 40, members: change(body.members) });
    };
    const give = (roster: SignedStatement) => others[0]!.device.fresh().post('/agent/rebuild/roster', { roster });
    const members = async (): Promise<{ name: string; state: string }[]> =>
      expectStatus(await (await storage.team.people('admin')).get('/devices?pageSize=100'), 200).items;

    it('revoked ones stay so, unknown ones come back, and its number goes past those that were seen', async () => {
      const [ada, ben] = others as [FakeAgent, FakeAgent, ...FakeAgent[]];
      const signing = newSigningKeyPair(systemRandom);
      const joined = await storage.team.enrol('joined-later');
      const roster = await rosterWith((list) =>
        list.map((member) => ({ ...member, ...(member['deviceId'] === ben.device.deviceId ? { state: 'revoked' } : {}) })),
      );
      await sql(`DELETE FROM devices WHERE device_id = '${joined.deviceId}'`);
      await empty();
      expectStatus(await give(roster), 204);
      expect((await members()).map(({ name, state }) => [name, state === 'revoked'])).toEqual(
        expect.arrayContaining([
          ['joined-later', false],
          [ben.device.name, true],
        ]),
      );
      const now = peekStatement('roster', expectStatus(await ada.device.fresh().get('/agent/roster'), 200)) as { version: number };
      expect(now.version).toBe((peekStatement('roster', roster) as { version: number }).version + 1);
      expect(await view()).toMatchObject({ knownDevices: 5 });
      const forged = signStatement('roster', peekStatement('roster', roster), signing.secretKey);
      expect(await give(forged)).toMatchObject({ status: 400 });
      // A revocation is never taken back by one from before it, however high its number.
      const chloe = others[2]!;
      const before = await rosterWith((list) => list);
      expectStatus(await (await storage.team.people('admin')).post(`/devices/${chloe.device.deviceId}/revoke`, {}), 204);
      expectStatus(await give(before), 204);
      expect((await members()).find((one) => one.name === chloe.device.name)).toMatchObject({ state: 'revoked' });
    });
  });
});
