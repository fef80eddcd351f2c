import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RosterMember, SignedStatement } from '#libs/contracts';
import { newSigningKeyPair, signStatement } from '#libs/crypto';
import { systemRandom } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { AuditLogRepository } from '../audit-log/audit-log.repository.ts';
import { Database } from '../database/database.ts';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import { RELEASE_SWEEP } from '../releases/release-sweep.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import { memoryOf, PACKS, RebuildingTeam } from '../testing/rebuilding-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';
import { aHeartbeat } from '../testing/test-team.ts';
import { MemoryService } from './memory.service.ts';
import { RebuildEndService } from './rebuild-end.service.ts';
import { RebuildStateService } from './rebuild-state.service.ts';

describe('a coordinator that lost its memory', () => {
  let team: RebuildingTeam;

  beforeEach(async () => {
    team = await RebuildingTeam.start();
  });
  afterEach(() => team.storage.close());

  const revokedIf =
    (revoked: FakeAgent) =>
    (member: RosterMember): RosterMember =>
      member.deviceId === revoked.device.deviceId ? { ...member, state: 'revoked' } : member;

  it('notices emptied tables, orders nothing while they fill again, and counts the same as before', async () => {
    const before = await team.counts();
    expect(before.effective).toEqual(Array(PACKS).fill(6));
    await team.empty();
    expect(await team.view()).toMatchObject({ frozen: true, knownDevices: 5, reportedDevices: 0, neededDevices: 5 });
    expect(expectStatus(await team.storage.admin.get('/overview'), 200)).toMatchObject({
      level: 'at-risk',
      reasons: expect.arrayContaining([expect.objectContaining({ text: expect.stringMatching(/restored: 0 of 5 devices have reported/) })]),
    });

    for (const [n, agent] of team.others.entries()) {
      // Half of them before the owner has named its packs.
      if (n === 2) await team.ownerTells();
      await agent.inventory();
      await team.done(agent);
      expect(await team.jobs()).toBe(0);
    }
    // Nothing is repaired before what is on the disks is on record.
    expect(await team.view()).toMatchObject({ frozen: true, reportedDevices: 5, waitingFor: [], endedAtMs: null });
    await team.sweep();
    expect(await team.view()).toMatchObject({ frozen: false, reportedDevices: 5, waitingFor: [], endedBy: null });
    expect(await team.jobs()).toBe(0);
    expect(await team.counts()).toEqual(before);
    // What the owner has already is not sent to it once more; what comes now is.
    const last = team.receipts.at(-1)!.cursor;
    expect(expectStatus(await team.owner.agent.device.fresh().get(`/agent/receipts?since=${last}`), 200).receipts).toEqual([]);
    await team.storage.coordinator.clock.advance(1000);
    await team.owner.agent.announce(team.owner.agent.newPacks(1));
    expect(await team.storage.replicate()).toBe(3);
    expect(expectStatus(await team.owner.agent.device.fresh().get(`/agent/receipts?since=${last}`), 200).receipts).toHaveLength(3);
  });

  it('places new packs of an owner that has told everything, and nothing else', async () => {
    await team.empty();
    await team.ownerTells([]);
    await team.storage.coordinator.clock.advance(1000);
    expect(await team.jobs()).toBe(0);
    const fresh = team.owner.agent.newPacks(1);
    await team.owner.agent.announce(fresh);
    await team.storage.round();
    const ordered = (await Promise.all(team.others.map((agent) => agent.jobs()))).flat();
    expect(ordered.map((job) => (job.task.kind === 'replicate' ? job.task.packId : ''))).toEqual(Array(3).fill(fresh[0]!.packId));
  });

  it('places what a device brings that joined meanwhile, as soon as two others have told who is a member', async () => {
    await team.empty();
    await team.storage.coordinator.clock.advance(1000);
    const newcomer = await team.storage.join('newcomer');
    const first = newcomer.newPacks(1);
    await newcomer.announce(first);
    // It has nothing to tell, and is waited for by nobody.
    expect((await team.beat(newcomer, null)).report).toBe(false);
    expect(await team.view()).toMatchObject({ frozen: true, knownDevices: 5 });
    for (const agent of team.others.slice(0, 2)) {
      expect(await team.jobs()).toBe(0);
      await agent.inventory();
      await team.done(agent);
    }
    const ordered = async (): Promise<string[]> => {
      await team.storage.round();
      const given = (await Promise.all(team.storage.agents.map((agent) => agent.jobs()))).flat();
      return given.map(({ task }) => (task.kind === 'replicate' ? task.packId : '')).sort();
    };
    expect(await ordered()).toEqual(Array(3).fill(first[0]!.packId));
    // What comes later too; nothing of those that may only have been forgotten.
    const [second] = newcomer.newPacks(1);
    await newcomer.announce([second!]);
    expect(await ordered()).toEqual([first, [second!]].flatMap(([pack]) => Array<string>(3).fill(pack!.packId)).sort());
    expect(await team.view()).toMatchObject({ frozen: true, reportedDevices: 2 });
  });

  it('gives nobody a pack on its own word: a device that was revoked since the copy gets none, however early it is', async () => {
    await team.empty();
    const [stolen] = team.others as [FakeAgent];
    const jobsOf = async (agent: FakeAgent): Promise<number> => (await agent.jobs()).length;
    // It is there first, alone, and says all that it is asked for; others have new packs and have not told theirs yet.
    await stolen.inventory();
    await team.done(stolen);
    await team.storage.coordinator.clock.advance(1000);
    const [, early] = team.others as [FakeAgent, FakeAgent];
    await early.announce(early.newPacks(1));
    await team.storage.round();
    expect(await jobsOf(stolen)).toBe(0);
    // Packs are placed once their owner has told everything, its roster first: so who gets them was judged by another's word.
    const before = await team.rosterOf(team.owner.agent);
    const revoking = { ...before, version: before.version + 1, members: before.members.map(revokedIf(stolen)) };
    const roster = team.storage.coordinator.get(CoordinatorIdentity).sign('roster', revoking);
    expectStatus(await team.owner.agent.device.fresh().post('/agent/rebuild/roster', { roster }), 204);
    await team.ownerTells();
    await team.storage.coordinator.clock.advance(1000);
    await team.owner.agent.announce(team.owner.agent.newPacks(1));
    const [, ...honest] = team.others;
    await team.storage.round([team.owner.agent, ...honest]);
    expect(await stolen.device.fresh().get('/agent/jobs')).toMatchObject({ status: 403, body: { code: 'device_revoked' } });
    expect(await Promise.all(honest.map(jobsOf))).toEqual([1, 1, 1]);
  });

  it('goes on when an admin says so, once, with a line in the audit log', async () => {
    await team.empty();
    await team.ownerTells();
    const auditor = await team.storage.team.people('auditor');
    expect(await auditor.post('/rebuild/go')).toMatchObject({ status: 403 });
    for (let n = 0; n < 2; n += 1) expectStatus(await team.storage.admin.post('/rebuild/go'), 204);
    expect(await team.view()).toMatchObject({ frozen: false, reportedDevices: 1, endedBy: 'admin@example.org' });
    const { entries } = await team.storage.coordinator.get(AuditLogRepository).page({ page: 1, pageSize: 100, order: 'desc' });
    expect(entries.filter((entry) => entry.action.startsWith('rebuild.')).map((entry) => entry.action)).toEqual([
      'rebuild.go',
      'rebuild.begin',
    ]);
    // It does not freeze again because somebody leaves or joins.
    await team.storage.join('late');
    expect(await team.view()).toMatchObject({ frozen: false });
  });

  it('goes on where it was after a restart: neither begun anew, nor a person’s word forgotten', async () => {
    await team.empty();
    await team.ownerTells();
    const before = await team.view();
    let coordinator = await team.storage.coordinator.restart();
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
    team.storage = await startStorageTeam(1);
  });

  it('refuses to say go where nothing was lost', async () => {
    expect(await team.storage.admin.post('/rebuild/go')).toMatchObject({ status: 409, body: { code: 'rebuild_not_running' } });
    expect(await team.view()).toMatchObject({ frozen: false, sinceMs: null });
  });

  it('forgets no replaced head and no dropped snapshot while it is frozen, however old they are', async () => {
    await team.owner.backUp(team.ordinals());
    expectStatus(await team.owner.forget([team.owner.snapshots[0]!]), 204);
    await team.sql('UPDATE kept_heads SET kept_at_ms = 1', 'UPDATE forgotten_snapshots SET forgotten_at_ms = 1');
    const kept = async (): Promise<number[]> => {
      expect(await team.storage.coordinator.get(SchedulesService).runNow(RELEASE_SWEEP)).toBe('done');
      return Promise.all(
        ['kept_heads', 'forgotten_snapshots'].map(async (table) =>
          Number((await team.database().read.query<{ n: number | string }[]>(`SELECT COUNT(*) AS n FROM ${table}`))[0]!.n),
        ),
      );
    };
    await team.sql('DELETE FROM replicas', 'DELETE FROM receipts', 'UPDATE devices SET held_packs = 3');
    await team.storage.coordinator.get(MemoryService).checkDatabase();
    expect(await team.view()).toMatchObject({ frozen: true });
    const before = await kept();
    expect(Math.min(...before)).toBeGreaterThan(0);
    expectStatus(await team.storage.admin.post('/rebuild/go'), 204);
    // They were old enough to go all the time.
    expect(await kept()).toEqual([0, 0]);
  });

  it('signs nothing that leads to a deletion, and what was in hold waits for a person again', async () => {
    for (let n = 0; n < 2; n += 1) await team.owner.agent.announce(team.owner.agent.newPacks(8));
    await team.owner.backUp(team.ordinals().filter((ordinal) => ordinal !== 7));
    await team.owner.backUp(team.ordinals().filter((ordinal) => ordinal !== 7));
    await team.storage.replicate();
    const dead = [team.owner.agent.packs[7]!.packId];
    const { releaseId } = expectStatus(await team.owner.submit(team.owner.sign(dead)), 200);
    const before = await team.storage.admin.get(`/releases/${releaseId}`);
    expect(before.body).toMatchObject({ state: 'holding' });
    await team.sql('DELETE FROM replicas', 'DELETE FROM receipts');
    // As devices report it with their heartbeats.
    await team.sql('UPDATE devices SET held_packs = 3');
    await team.storage.coordinator.get(MemoryService).checkDatabase();
    await team.storage.settled();
    expect((await team.storage.admin.get(`/releases/${releaseId}`)).body).toMatchObject({
      state: 'waiting',
      flags: ['restored-since'],
      explanation: expect.stringMatching(/may have cancelled/),
    });
    expect(await team.storage.admin.post(`/releases/${releaseId}/approve`)).toMatchObject({
      status: 503,
      body: { code: 'coordinator_rebuilding', title: expect.stringMatching(/0 of 5/) },
    });
    expect(await team.owner.submit(team.owner.sign([team.owner.agent.packs[8]!.packId]))).toMatchObject({ status: 503 });
    const drain = await team.storage.admin.get(`/devices/${team.others[0]!.device.deviceId}/drain`);
    expect(drain.body).toMatchObject({ safeToRevoke: false });
    expectStatus(await team.storage.admin.post('/rebuild/go'), 204);
    expectStatus(await team.storage.admin.post(`/releases/${releaseId}/approve`), 204);
  });

  describe('notices an older copy', () => {
    const rewind = async (mark: number): Promise<void> => {
      await team.sql(`UPDATE memories SET mark = ${mark}`);
      // As a start on that copy does.
      await team.storage.coordinator.get(MemoryService).refresh();
    };
    const later = async (agent: FakeAgent, told: SignedStatement | null): Promise<SignedStatement> => {
      await team.storage.coordinator.clock.advance(team.storage.coordinator.config.presence.flushSeconds * 1000);
      return (await team.beat(agent, told)).statement;
    };

    it('by what a device was told since', async () => {
      const [ada, ben] = team.others as [FakeAgent, FakeAgent];
      const old = await later(ada, null);
      const newer = await later(ada, old);
      expect(memoryOf(newer).mark).toBeGreaterThan(memoryOf(old).mark);
      expect(await team.view()).toMatchObject({ sinceMs: null });
      await rewind(memoryOf(old).mark);
      const answer = await team.beat(ada, newer);
      expect(memoryOf(answer.statement).memoryId).not.toBe(memoryOf(newer).memoryId);
      expect(answer.report).toBe(true);
      expect(await team.view()).toMatchObject({ frozen: true, cause: expect.stringContaining(ada.device.name) });
      // A second one that remembers the same loss begins no second rebuild, nor does a note from long ago.
      const { sinceMs } = await team.view();
      await team.storage.coordinator.clock.advance(1000);
      expect((await team.beat(ben, newer)).report).toBe(true);
      expect(memoryOf((await team.beat(ben, old)).statement).memoryId).toBe(memoryOf(answer.statement).memoryId);
      expect(await team.view()).toMatchObject({ sinceMs });
    });

    it('and by a memory that it knows nothing of', async () => {
      const told = await later(team.others[0]!, null);
      await team.sql('DELETE FROM memories');
      await team.storage.coordinator.get(MemoryService).onModuleInit();
      expect((await team.beat(team.others[0]!, told)).report).toBe(true);
      expect(await team.view()).toMatchObject({ frozen: true });
      expect((await team.beat(team.others[1]!, told)).report).toBe(true);
    });

    it('but no device can make a loss up', async () => {
      const real = memoryOf(await later(team.others[0]!, null));
      const stranger = newSigningKeyPair(systemRandom);
      for (const body of [
        { ...real, mark: real.mark + 100 },
        { ...real, memoryId: crypto.randomUUID() },
      ]) {
        const forged = signStatement('memory', body, stranger.secretKey);
        expect((await team.beat(team.others[0]!, forged)).report).toBe(false);
      }
      // An agent from before memories is told nothing of them.
      expect((await team.others[0]!.device.fresh().post('/agent/heartbeat', aHeartbeat(team.storage.coordinator))).body).not.toHaveProperty(
        'memory',
      );
      const noMemory = { type: 'memory', payload: 'AAAA', signature: 'A'.repeat(86) };
      expect((await team.beat(team.others[0]!, noMemory)).report).toBe(false);
      expect(await team.view()).toMatchObject({ sinceMs: null });
    });
  });
});
