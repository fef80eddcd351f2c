import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PackInfo } from '#libs/contracts';
import type { AuditTeam } from '../testing/audit-team.ts';
import { startAuditTeam } from '../testing/audit-team.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';

const PERIOD_HOURS = 6 * 24;

/** The holder answers by what its disk gives, as one does that does not look at its packs otherwise. */
describe('bit rot in 1 % of what a holder has', () => {
  let team: AuditTeam;
  let packs: PackInfo[];

  beforeAll(async () => {
    team = await startAuditTeam(4);
    const owner = team.agents[0]!;
    await team.setReplicas(2, 2);
    packs = owner.newPacks(60);
    await owner.announce(packs);
    await team.replicate();
    await team.mint();
  });
  afterAll(() => team.close());

  // At three different moments of the audits' life, of three holders: just placed, then in the middle of what was drawn.
  it.each([1, 2, 3])('at holder %i is found within the audit period, repaired, and shown with its cause', async (n) => {
    const holder: FakeAgent = team.agents[n]!;
    const held = packs.filter((pack) => holder.held.has(pack.packId));
    const rotten = Array.from({ length: Math.ceil(held.length / 100) }, (_, at) => held[(7 * n + at * 13) % held.length]!);
    for (const pack of rotten) team.spoil(holder, pack.packId);
    const failed = async (): Promise<Set<string | null>> =>
      new Set((await team.audits(holder)).events.items.filter((e) => e.kind === 'failed').map((e) => e.packId));
    let hours = 0;
    while ((await failed()).size < rotten.length) {
      expect(hours).toBeLessThanOrEqual(PERIOD_HOURS);
      await team.hours(4);
      // As agents do by themselves: whoever is short of challenges makes some.
      await team.mint([team.agents[0]!]);
      hours += 4;
    }
    expect(await failed()).toEqual(new Set(rotten.map((pack) => pack.packId)));
    for (const event of (await team.audits(holder)).events.items.filter((e) => e.kind === 'failed'))
      expect(event.cause).toMatch(/^Could not prove that it still has a pack of laptop-1 whole\./);
    await team.replicate();
    for (const pack of rotten) expect(await team.effective(pack)).toBe(2);
    await team.mint();
  });
});
