import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PackInfo } from '#libs/contracts';
import { toBase64Url } from '#libs/kernel';
import type { AuditTeam } from '../testing/audit-team.ts';
import { startAuditedOwner } from '../testing/audit-team.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { BlockProofs } from './block-proof.ts';
import type { BlockProof } from './block-proof.ts';

describe('audits', () => {
  let team: AuditTeam;
  let owner: FakeAgent;
  let packs: PackInfo[];

  beforeEach(async () => {
    ({ team, owner, packs } = await startAuditedOwner());
  });
  afterEach(() => team.close());

  it('ask several holders the same where the owner left no challenges: agreement passes', async () => {
    await team.hours(20);
    expect(await team.sum('passed')).toBeGreaterThanOrEqual(12);
    expect(await team.sum('failed')).toBe(0);
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
    await team.untilSeen(liar, 'failed');
    expect((await team.kinds(liar)).at(-1)).toBe('failed');
    expect(await team.kinds(honest)).toEqual([]);
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
    await team.untilSeen(liar, 'failed');
    expect(await team.kinds(honest)).toEqual([]);
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
    const failed = async (): Promise<boolean> => (await team.kinds(holder)).includes('failed');
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
    for (let hour = 0; hour < 6 * 24 && !(await team.kinds(holder)).includes('failed'); hour += 4) await team.hours(4, { awake: alone });
    const { standing, events } = await team.audits(holder);
    // Several packs may fail within one step, and the device with them: what comes last of one moment is chance.
    expect(events.items).toContainEqual(
      expect.objectContaining({ kind: 'failed', cause: expect.stringMatching(/did not answer several audits/) }),
    );
    expect(standing.timedOut).toBeGreaterThanOrEqual(3);
    expect(standing.quarantinedReplicas).toBeGreaterThan(0);
    // Once it lets itself be read, it counts again.
    proof = { kind: 'whole', answer: toBase64Url(new Uint8Array(32)) };
    for (let hour = 0; hour < 6 * 24 && !(await team.kinds(holder)).includes('cleared'); hour += 4) await team.hours(4, { awake: alone });
    expect(await team.kinds(holder)).toContain('cleared');
  });

  it('count a copy as nothing whose only holder never gives it quickly enough, and hold nothing against the holder', async () => {
    const [holder] = team.holdersOf(packs[0]!) as [FakeAgent];
    const alone = [owner, holder];
    team.coordinator.get(BlockProofs).prove = () => Promise.resolve({ kind: 'slow', why: 'it gave its blocks too slowly' });
    for (let hour = 0; hour < 6 * 24 && !(await team.kinds(holder)).includes('failed'); hour += 4) await team.hours(4, { awake: alone });
    const { standing, events } = await team.audits(holder);
    expect(events.items[0]).toMatchObject({ kind: 'failed', cause: expect.stringMatching(/at a speed of any use/) });
    expect(standing).toMatchObject({ failed: 0, score: 1 });
    expect(standing.timedOut).toBeGreaterThanOrEqual(3);
    expect(standing.quarantinedReplicas).toBeGreaterThan(0);
    // All that it holds is slow: that is no reason to believe it nothing at all, nor to have it read its disk.
    await team.hours(24, { awake: alone });
    expect(await team.kinds(holder)).not.toContain('quarantined');
    expect((await team.audits(holder)).standing).toMatchObject({ quarantine: null, scan: null });
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
    expect(await team.kinds(owner)).toContain('challenges-wrong');
    const uncounted = async (): Promise<number> => {
      const effective = await Promise.all(packs.map((pack) => team.effective(pack)));
      return effective.filter((copies) => copies < 2).length;
    };
    // Who answered a wrong challenge in the last of these hours is cleared in the next: its blocks have to be looked at first.
    for (let hours = 0; hours < 12 && (await uncounted()) > 0; hours += 4) await team.hours(4);
    expect(await uncounted()).toBe(0);
    for (const holder of team.agents) expect((await team.audits(holder)).standing.quarantine).toBeNull();
  });
});
