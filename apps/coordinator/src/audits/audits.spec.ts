import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { holderAudits, openAudits, pageOf } from '#libs/contracts';
import type { PackInfo } from '#libs/contracts';
import { toBase64Url } from '#libs/kernel';
import type { AuditTeam } from '../testing/audit-team.ts';
import { startAuditTeam } from '../testing/audit-team.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import { JobsService } from '../jobs/jobs.service.ts';
import { BlockProofs } from './block-proof.ts';
import type { BlockProof } from './block-proof.ts';

describe('audits', () => {
  let team: AuditTeam;
  let owner: FakeAgent;
  let packs: PackInfo[];

  /** One owner whose packs are at two others; a fourth device is free to take repairs. */
  beforeEach(async () => {
    team = await startAuditTeam(4);
    owner = team.agents[0]!;
    await team.setReplicas(2, 2);
    packs = owner.newPacks(6);
    await owner.announce(packs);
    await team.replicate();
  });
  afterEach(() => team.close());

  const kinds = async (holder: FakeAgent): Promise<string[]> => (await team.audits(holder)).events.items.map((e) => e.kind);
  /** Moments are drawn at random: waits for what must happen within days, however it falls. */
  const untilSeen = async (holder: FakeAgent, kind: string): Promise<void> => {
    for (let hour = 0; hour < 6 * 24 && !(await kinds(holder)).includes(kind); hour += 4) await team.hours(4);
  };
  const sum = async (field: 'passed' | 'failed' | 'timedOut'): Promise<number> => {
    let total = 0;
    for (const agent of team.agents) total += (await team.audits(agent)).standing[field];
    return total;
  };

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
    expect(await sum('passed')).toBeGreaterThanOrEqual(12);
    expect(await sum('failed')).toBe(0);
    expect((await team.audits(team.holdersOf(packs[0]!)[0]!)).days.length).toBeGreaterThan(0);
  });

  it('quarantine a copy at the first wrong answer, make it again elsewhere at once, and say why', async () => {
    await team.mint();
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    team.spoil(holder, packs[0]!.packId);
    await untilSeen(holder, 'failed');
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
    await untilSeen(holder, 'failed');
    await holder.inventory();
    expect((await team.audits(holder)).standing.quarantinedReplicas).toBe(1);
    team.heal(holder, packs[0]!.packId);
    await team.mint();
    await untilSeen(holder, 'cleared');
    expect((await team.audits(holder)).standing.quarantinedReplicas).toBe(0);
    expect((await kinds(holder))[0]).toBe('cleared');
  });

  it('believe no copy again for a receipt that comes late, of a job that was given up', async () => {
    await team.mint();
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    const { packId } = packs[0]!;
    team.spoil(holder, packId);
    await untilSeen(holder, 'failed');
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

  it('ask several holders the same where the owner left no challenges: agreement passes', async () => {
    await team.hours(20);
    expect(await sum('passed')).toBeGreaterThanOrEqual(12);
    expect(await sum('failed')).toBe(0);
  });

  it('settle a dispute between holders by the blocks: the one whose blocks are wrong is blamed, the other passes', async () => {
    const [liar, honest] = team.holdersOf(packs[0]!) as [FakeAgent, FakeAgent];
    team.spoil(liar, packs[0]!.packId);
    const proofs = team.coordinator.get(BlockProofs);
    proofs.prove = (deviceId): Promise<BlockProof> =>
      Promise.resolve(
        deviceId === liar.device.deviceId
          ? { kind: 'damaged', what: 'block 0 does not match its CID' }
          : { kind: 'whole', answer: toBase64Url(new Uint8Array(32)) },
      );
    await untilSeen(liar, 'failed');
    expect((await kinds(liar)).at(-1)).toBe('failed');
    expect(await kinds(honest)).toEqual([]);
    expect((await team.audits(honest)).standing.failed).toBe(0);
    expect(await team.effective(packs[0]!)).toBe(1);
  });

  it('settle a dispute also when the liar never lets its blocks be read: the right answer is known by the other’s', async () => {
    const [liar, honest] = team.holdersOf(packs[0]!) as [FakeAgent, FakeAgent];
    team.spoil(liar, packs[0]!.packId);
    team.coordinator.get(BlockProofs).prove = (deviceId): Promise<BlockProof> =>
      Promise.resolve(
        deviceId === liar.device.deviceId
          ? { kind: 'unreachable', why: 'it broke off', silent: true }
          : { kind: 'whole', answer: toBase64Url(new Uint8Array(32)) },
      );
    await untilSeen(liar, 'failed');
    expect(await kinds(honest)).toEqual([]);
    expect(await team.effective(packs[0]!)).toBe(1);
  });

  const away: BlockProof = { kind: 'unreachable', why: 'it is not online', silent: false };
  const slow: BlockProof = { kind: 'slow', why: 'it gave its blocks too slowly' };
  const silent: BlockProof = { kind: 'unreachable', why: 'it does not answer', silent: true };
  it.each<[string, BlockProof[], number, BlockProof, RegExp]>([
    // Not five in a row and one: the first four say nothing.
    ['slow, those that found it away not counted', [away, away, away, away], 8, slow, /at a speed of any use/],
    ['slow, though it was away in between', [slow, slow, slow, away], 5, slow, /at a speed of any use/],
    ['slow, though it was silent once', [slow, slow, slow, silent], 5, slow, /at a speed of any use/],
    ['silent', [], 4, silent, /did not answer several audits/],
    ['silent, though it was slow once', [silent, silent, silent, slow], 5, silent, /did not answer several audits/],
    ['slow, those that it was silent at counted apart', [silent, slow, silent, slow, silent, slow], 7, slow, /at a speed of any use/],
  ])('end a dispute with the fourth reading that the holder was %s', async (_, first, needed, then, cause) => {
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    team.spoil(holder, packs[0]!.packId);
    const readings = [...first];
    let read = 0;
    team.coordinator.get(BlockProofs).prove = (deviceId) => {
      if (deviceId !== holder.device.deviceId) return Promise.resolve(away);
      read += 1;
      return Promise.resolve(readings.shift() ?? then);
    };
    const failed = async (): Promise<boolean> => (await kinds(holder)).includes('failed');
    for (let hours = 0; hours < 20 * 24 && !(await failed()); hours += 4) await team.hours(4);
    expect((await team.audits(holder)).events.items).toContainEqual(
      expect.objectContaining({ kind: 'failed', cause: expect.stringMatching(cause) }),
    );
    expect(read).toBe(needed);
  });

  it('blame nobody for silence before three retries, and nobody who was away at all', async () => {
    await team.mint();
    const [silent, away] = team.holdersOf(packs[0]!) as [FakeAgent, FakeAgent];
    const awake = team.agents.filter((agent) => agent !== away);
    await team.hours(4, { awake, silent: [silent] });
    expect((await team.audits(silent)).standing.failed).toBe(0);
    await team.hours(5 * 24, { awake, silent: [silent] });
    const { standing, events } = await team.audits(silent);
    expect(standing.timedOut).toBeGreaterThanOrEqual(3);
    expect(events.items.at(-1)).toMatchObject({ kind: 'failed', cause: expect.stringMatching(/did not answer several audits/) });
    expect((await team.audits(away)).standing).toMatchObject({ failed: 0, quarantine: null });
  });

  it('blame the only holder for silence too, where its blocks are the only question; never for our own node’s trouble', async () => {
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    const alone = [owner, holder];
    let proof: BlockProof = { kind: 'unreachable', why: 'our node is cut off', silent: false };
    let reads = 0;
    team.coordinator.get(BlockProofs).prove = () => {
      reads += 1;
      return Promise.resolve(proof);
    };
    // Nobody made challenges, and the other holders are away: nothing is left but to read.
    await team.hours(4 * 24, { awake: alone });
    expect(reads).toBeGreaterThan(8);
    expect((await team.audits(holder)).standing.failed).toBe(0);
    proof = { kind: 'unreachable', why: 'it does not answer', silent: true };
    for (let hour = 0; hour < 6 * 24 && !(await kinds(holder)).includes('failed'); hour += 4) await team.hours(4, { awake: alone });
    const { standing, events } = await team.audits(holder);
    // Several packs may fail within one step, and the device with them: what comes last of one moment is chance.
    expect(events.items).toContainEqual(
      expect.objectContaining({ kind: 'failed', cause: expect.stringMatching(/did not answer several audits/) }),
    );
    expect(standing.timedOut).toBeGreaterThanOrEqual(3);
    expect(standing.quarantinedReplicas).toBeGreaterThan(0);
    // Once it lets itself be read, it counts again.
    proof = { kind: 'whole', answer: toBase64Url(new Uint8Array(32)) };
    for (let hour = 0; hour < 6 * 24 && !(await kinds(holder)).includes('cleared'); hour += 4) await team.hours(4, { awake: alone });
    expect(await kinds(holder)).toContain('cleared');
  });

  it('count a copy as nothing whose only holder never gives it quickly enough, and hold nothing against the holder', async () => {
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    const alone = [owner, holder];
    team.coordinator.get(BlockProofs).prove = () => Promise.resolve({ kind: 'slow', why: 'it gave its blocks too slowly' });
    for (let hour = 0; hour < 6 * 24 && !(await kinds(holder)).includes('failed'); hour += 4) await team.hours(4, { awake: alone });
    const { standing, events } = await team.audits(holder);
    expect(events.items[0]).toMatchObject({ kind: 'failed', cause: expect.stringMatching(/at a speed of any use/) });
    expect(standing).toMatchObject({ failed: 0, score: 1 });
    expect(standing.timedOut).toBeGreaterThanOrEqual(3);
    expect(standing.quarantinedReplicas).toBeGreaterThan(0);
    // All that it holds is slow: that is no reason to believe it nothing at all, nor to have it read its disk.
    await team.hours(24, { awake: alone });
    expect(await kinds(holder)).not.toContain('quarantined');
    expect((await team.audits(holder)).standing).toMatchObject({ quarantine: null, scan: null });
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
    expect((await team.audits(holder)).standing.failed + (await kinds(holder)).length).toBeGreaterThan(0);
  });

  it('take a holder’s own word that it has a pack no longer', async () => {
    await team.mint();
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    team.spoil(holder, packs[0]!.packId, null);
    await untilSeen(holder, 'failed');
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
    await untilSeen(holder, 'quarantined');
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
    await untilSeen(holder, 'quarantined');
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

  it('do not let one hostile owner put colleagues in quarantine, and throw its challenges away once the blocks contradict it', async () => {
    await team.mint(undefined, true);
    const proofs = team.coordinator.get(BlockProofs);
    await team.hours(16);
    for (const holder of team.holdersOf(packs[0]!)) {
      const { standing } = await team.audits(holder);
      expect(standing.failed).toBeGreaterThanOrEqual(3);
      expect(standing.quarantine).toBeNull();
    }
    proofs.prove = (): Promise<BlockProof> => Promise.resolve({ kind: 'whole', answer: toBase64Url(new Uint8Array(32)) });
    await team.mint(undefined, true);
    await team.hours(20);
    expect(await kinds(owner)).toContain('challenges-wrong');
    const uncounted = async (): Promise<number> => {
      const effective = await Promise.all(packs.map((pack) => team.effective(pack)));
      return effective.filter((copies) => copies < 2).length;
    };
    // Who answered a wrong challenge in the last of these hours is cleared in the next: its blocks have to be looked at first.
    for (let hours = 0; hours < 12 && (await uncounted()) > 0; hours += 4) await team.hours(4);
    expect(await uncounted()).toBe(0);
    for (const holder of team.agents) expect((await team.audits(holder)).standing.quarantine).toBeNull();
  });

  it('drop and place anew what a holder finds damaged on its own disk, there too, and hold nothing against it', async () => {
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    await team.mint();
    const report = { store: 'held', startedAtMs: 1, endedAtMs: 2, asked: null, packs: 4, sizeBytes: 4000, found: 1 };
    const damaged = [{ packId: packs[0]!.packId, leaves: 1, repaired: false }];
    for (let n = 0; n < 2; n += 1) expectStatus(await holder.device.fresh().post('/agent/audits/scrub', { ...report, damaged }), 204);
    expect(await kinds(holder)).toEqual(['rot']);
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
    expect(await kinds(holder)).toEqual([]);
  });
});
