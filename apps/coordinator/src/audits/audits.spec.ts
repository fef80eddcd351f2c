import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { holderAudits, openAudits, pageOf } from '#libs/contracts';
import type { PackInfo } from '#libs/contracts';
import { toBase64Url } from '#libs/kernel';
import type { AuditTeam } from '../testing/audit-team.ts';
import { startAuditedOwner } from '../testing/audit-team.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import { JobsService } from '../jobs/jobs.service.ts';

describe('audits', () => {
  let team: AuditTeam;
  let owner: FakeAgent;
  let packs: PackInfo[];

  beforeEach(async () => {
    ({ team, owner, packs } = await startAuditedOwner());
  });
  afterEach(() => team.close());

  it('prove every replica within the period, and show a holder nothing but what it needs to answer', async () => {
    expect(await team.mint()).toBe(6);
    const asked = new Set<string>();
    for (let hour = 0; hour < 6 * 24; hour += 4) {
      await team.hours(4, { silent: team.agents });
      for (const holder of team.agents) {
        const questions = await team.questions(holder);
        expect(openAudits.parse(questions)).toEqual(questions);
        for (const { packId } of questions.audits) {
          expect(holder.held.has(packId)).toBe(true);
          asked.add(`${holder.device.name} ${packId}`);
        }
        await team.answer(holder);
      }
    }
    expect(asked.size).toBe(12);
    expect(await team.sum('passed')).toBeGreaterThanOrEqual(12);
    expect(await team.sum('failed')).toBe(0);
    expect((await team.audits(team.holdersOf(packs[0]!)[0]!)).days.length).toBeGreaterThan(0);
  });

  it('quarantine a copy at the first wrong answer, make it again elsewhere at once, and say why', async () => {
    await team.mint();
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    team.spoil(holder, packs[0]!.packId);
    await team.untilSeen(holder, 'failed');
    const { standing, events } = await team.audits(holder);
    expect(standing).toMatchObject({ quarantinedReplicas: 1, quarantine: null, scan: { wantedSinceMs: expect.any(Number) } });
    expect(standing.failed).toBeGreaterThan(0);
    expect(events.items.at(-1)).toMatchObject({
      kind: 'failed',
      packId: packs[0]!.packId,
      ownerDeviceId: owner.device.deviceId,
      cause: 'Could not prove that it still has a pack of laptop-1 whole. This copy no longer counts and is made again elsewhere.',
    });
    expect((await team.questions(holder)).scanSinceMs).toBe(standing.scan!.wantedSinceMs);
    expect(await team.effective(packs[0]!)).toBe(1);
    await team.replicate();
    expect(await team.effective(packs[0]!)).toBe(2);
    expect(team.holdersOf(packs[0]!)).toHaveLength(3);
    const metrics = await team.coordinator.anyone.get('//metrics');
    expect(metrics.text).toMatch(/holdfast_audits_total\{result="wrong"\} [1-9]/);
    expect(metrics.text).toMatch(/holdfast_replicas_quarantined 1/);
  });

  it('believe a copy again that proves itself, and not because its holder merely names it', async () => {
    await team.mint();
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    team.spoil(holder, packs[0]!.packId);
    await team.untilSeen(holder, 'failed');
    await holder.inventory();
    expect((await team.audits(holder)).standing.quarantinedReplicas).toBe(1);
    team.heal(holder, packs[0]!.packId);
    await team.mint();
    await team.untilSeen(holder, 'cleared');
    expect((await team.audits(holder)).standing.quarantinedReplicas).toBe(0);
    expect((await team.kinds(holder))[0]).toBe('cleared');
  });

  it('believe no copy again for a receipt that comes late, of a job that was given up', async () => {
    await team.mint();
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    const { packId } = packs[0]!;
    team.spoil(holder, packId);
    await team.untilSeen(holder, 'failed');
    // A job for the same pack from before, that was given up without a word.
    const about = { ...holder.held.get(packId)! };
    const jobs = team.coordinator.get(JobsService);
    const jobId = randomUUID();
    await jobs.create([{ jobId, deviceId: holder.device.deviceId, task: about }]);
    await jobs.callOff([await jobs.get(jobId, holder.device.deviceId)], {
      code: 'no_longer_needed',
      message: 'Enough copies are there again.',
    });
    const before = await team.effective(packs[0]!);
    expect((await holder.report(jobId, { state: 'done', receipt: holder.receiptFor(about) })).status).toBe(204);
    expect((await team.audits(holder)).standing.quarantinedReplicas).toBe(1);
    expect(await team.effective(packs[0]!)).toBe(before);
  });

  it('ask a device that is back for some of what it names at once, whenever its turn would have come', async () => {
    await team.mint();
    await team.hours(48);
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    const admin = await team.team.people('admin');
    const decide = async (decision: string): Promise<void> => {
      expectStatus(await admin.post(`/devices/${holder.device.deviceId}/${decision}`), 204);
      await team.round();
    };
    const asked = async (): Promise<string[]> => {
      await team.sweep();
      return (await team.questions(holder)).audits.map((audit) => audit.packId);
    };
    await team.answer(holder);
    expect(await asked()).toEqual([]);
    await decide('lost');
    await decide('reactivate');
    expect(await asked()).toEqual([]);
    await holder.inventory();
    await team.round();
    const sample = await asked();
    expect(sample.length).toBeGreaterThan(0);
    expect([...holder.held.keys()]).toEqual(expect.arrayContaining(sample));
    // It names them, and does not have them.
    for (const packId of holder.held.keys()) team.spoil(holder, packId, null);
    await team.answer(holder);
    expect((await team.audits(holder)).standing.failed + (await team.kinds(holder)).length).toBeGreaterThan(0);
  });

  it('take a holder’s own word that it has a pack no longer', async () => {
    await team.mint();
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    team.spoil(holder, packs[0]!.packId, null);
    await team.untilSeen(holder, 'failed');
    expect((await team.audits(holder)).events.items.at(-1)).toMatchObject({
      kind: 'failed',
      cause: expect.stringMatching(/no longer has/),
    });
    expect(await team.effective(packs[0]!)).toBe(1);
  });

  it('quarantine a holder that fails three times in a day, with everything it has, until it has proved itself', async () => {
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    const held = packs.filter((pack) => holder.held.has(pack.packId));
    // At least three of six packs at two of three others.
    const lost = held.slice(0, 3);
    expect(lost).toHaveLength(3);
    for (const pack of lost) team.spoil(holder, pack.packId, null);
    await team.mint();
    await team.untilSeen(holder, 'quarantined');
    await team.sweep();
    const { standing, events } = await team.audits(holder);
    expect(standing.quarantine?.reason).toMatch(/Failed 3 audits within 1 day/);
    expect(events.items.map((e) => e.kind)).toContain('quarantined');
    expect(standing.quarantinedReplicas).toBe(held.length - 3);
    await team.replicate();
    for (const pack of held) expect(await team.effective(pack)).toBe(2);
    expect(await holder.jobs()).toEqual([]);

    if (held.length === 3) return;
    for (let day = 0; day < 20 && (await team.audits(holder)).standing.quarantine !== null; day += 1) {
      await team.mint();
      await team.hours(24, { awake: [owner, holder] });
    }
    await team.sweep();
    const after = await team.audits(holder);
    expect(after.standing).toMatchObject({ quarantine: null, quarantinedReplicas: 0 });
    expect(after.events.items[0]).toMatchObject({ kind: 'released', cause: expect.stringMatching(/Passed \d+ audits in a row/) });
  });

  it('let an admin believe a holder again, by name in the audit log; nobody else', async () => {
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    for (const pack of packs) if (holder.held.has(pack.packId)) team.spoil(holder, pack.packId, null);
    await team.mint();
    await team.untilSeen(holder, 'quarantined');
    const list = async (query = '') =>
      pageOf(holderAudits).parse(expectStatus(await (await team.team.people('auditor')).get(`/audits${query}`), 200));
    const everybody = await list();
    expect(everybody.items[0]).toMatchObject({
      ...{ deviceId: holder.device.deviceId, deviceName: holder.device.name, lastEvent: { deviceId: holder.device.deviceId } },
      standing: (await team.audits(holder)).standing,
    });
    expect(everybody.items[0]!.standing.quarantine?.reason).toMatch(/Failed 3 audits/);
    expect(everybody.items.slice(1).map((item) => item.standing.quarantine)).toEqual([null, null, null]);
    expect(everybody.total).toBe(4);
    expect((await list(`?search=${owner.device.name.toUpperCase()}`)).items.map((item) => item.deviceName)).toEqual([owner.device.name]);
    expect(await list('?page=3&pageSize=2')).toMatchObject({ items: [], total: 4 });
    const path = `/devices/${holder.device.deviceId}/audits/release`;
    expect((await (await team.team.people('auditor')).post(path, { note: 'x' })).status).toBe(403);
    expectStatus(await (await team.team.people('admin')).post(path, { note: 'new disk' }), 204);
    const { standing, events } = await team.audits(holder);
    expect(standing.quarantine).toBeNull();
    expect((await list()).items.map((item) => item.standing.quarantine)).toEqual([null, null, null, null]);
    expect(events.items).toContainEqual(
      expect.objectContaining({ kind: 'released', cause: expect.stringMatching(/believes it again: new disk/) }),
    );
    const log = expectStatus(await (await team.team.people('admin')).get('/audit-log'), 200);
    expect(JSON.stringify(log)).toMatch(/device.release-quarantine/);
  });

  it('drop and place anew what a holder finds damaged on its own disk, there too, and hold nothing against it', async () => {
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    await team.mint();
    const report = { store: 'held', startedAtMs: 1, endedAtMs: 2, asked: null, packs: 4, sizeBytes: 4000, found: 1 };
    const damaged = [{ packId: packs[0]!.packId, leaves: 1, repaired: false }];
    for (let n = 0; n < 2; n += 1) expectStatus(await holder.device.fresh().post('/agent/audits/scrub', { ...report, damaged }), 204);
    expect(await team.kinds(holder)).toEqual(['rot']);
    expect((await team.audits(holder)).standing).toMatchObject({ failed: 0, scan: { lastPacks: 4, lastDamaged: 1 } });
    expect(await team.effective(packs[0]!)).toBe(1);
    await team.replicate();
    expect(await team.effective(packs[0]!)).toBe(2);
  });

  it('call a scan done only when it was begun for what was asked', async () => {
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    expectStatus(await (await team.team.people('admin')).post(`/devices/${holder.device.deviceId}/audits`), 204);
    const { scanSinceMs } = await team.questions(holder);
    expect(scanSinceMs).not.toBeNull();
    const report = { store: 'held', startedAtMs: 1, endedAtMs: 2, packs: 4, sizeBytes: 4000, found: 0, damaged: [] };
    await holder.device.fresh().post('/agent/audits/scrub', { ...report, asked: null });
    expect((await team.questions(holder)).scanSinceMs).toBe(scanSinceMs);
    await holder.device.fresh().post('/agent/audits/scrub', { ...report, asked: scanSinceMs });
    expect((await team.questions(holder)).scanSinceMs).toBeNull();
  });

  it('refuse challenges for another’s packs and answers to another’s questions', async () => {
    const [holder, other] = team.holdersOf(packs[0]!) as [FakeAgent, FakeAgent];
    const bytes = toBase64Url(new Uint8Array(32));
    const body = { vaultId: owner.vaultId, packs: [{ packId: packs[0]!.packId, seed: bytes, answers: [bytes] }] };
    expect((await holder.device.fresh().post('/agent/audits/challenges', body)).status).toBe(403);
    await team.mint();
    let { audits } = await team.questions(holder);
    while (audits.length === 0) {
      await team.hours(4, { silent: team.agents });
      ({ audits } = await team.questions(holder));
    }
    const answers = audits.map(({ auditId }) => ({ auditId, outcome: 'missing' }));
    expectStatus(await other.device.fresh().post('/agent/audits/answers', { answers }), 204);
    expect(await team.kinds(holder)).toEqual([]);
  });
});
