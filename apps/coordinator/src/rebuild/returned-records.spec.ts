import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SignedStatement } from '#libs/contracts';
import { newSigningKeyPair, peekStatement, signStatement } from '#libs/crypto';
import { systemRandom } from '#libs/kernel';
import { CoordinatorIdentity } from '../identity/coordinator-identity.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import { RebuildingTeam } from '../testing/rebuilding-team.ts';

describe('a coordinator that lost its memory', () => {
  let team: RebuildingTeam;

  beforeEach(async () => {
    team = await RebuildingTeam.start();
  });
  afterEach(() => team.storage.close());

  describe('believes a receipt', () => {
    it('for its signature only, and never a number that would push all later ones out of reach', async () => {
      const body = peekStatement('receipt', team.receipts[0]!.receipt) as { holderDeviceId: string };
      const { signing } = team.others.find((agent) => agent.device.deviceId === body.holderDeviceId)!.device;
      const another = team.others.find((agent) => agent.device.signing !== signing)!.device.signing;
      const own = team.owner.agent.device;
      const forged = [
        signStatement('receipt', body, another.secretKey),
        signStatement('receipt', { ...body, sizeBytes: 999 }, signing.secretKey),
        signStatement('receipt', { ...body, packId: team.others[0]!.newPacks(1)[0]!.packId }, signing.secretKey),
        signStatement('receipt', { ...body, holderDeviceId: own.deviceId }, own.signing.secretKey),
      ];
      await team.empty();
      await team.ownerTells(forged.map((receipt) => ({ cursor: 1, receipt })));
      expect((await team.counts()).replicas).toEqual([]);
      await team.ownerTells([{ cursor: Number.MAX_SAFE_INTEGER, receipt: team.receipts[0]!.receipt }]);
      expect((await team.counts()).replicas).toHaveLength(1);
      const kept = expectStatus(await own.fresh().get('/agent/receipts'), 200).receipts as { cursor: number }[];
      expect(kept.map((one) => one.cursor <= team.storage.coordinator.clock.nowMs() + 1)).toEqual([true]);
    });

    it('but not when its holder has shown since that the pack is not there', async () => {
      await team.empty();
      const [gone] = team.others as [FakeAgent];
      await gone.inventory([]);
      await team.ownerTells();
      const { replicas } = await team.counts();
      expect(replicas.length).toBeGreaterThan(0);
      expect(replicas.some((one) => one.endsWith(gone.device.deviceId))).toBe(false);
    });
  });

  it('asks holders that have a pack without a receipt for a new one, and nothing travels', async () => {
    const before = await team.counts();
    await team.empty();
    for (const agent of team.others) {
      await agent.inventory();
      await team.done(agent);
    }
    await team.sweep();
    expect(await team.jobs()).toBe(0);
    await team.ownerTells([]);
    await team.sweep();
    for (const agent of team.others) {
      for (const { task } of await agent.jobs()) expect(task).toMatchObject({ kind: 'replicate', packId: expect.any(String) });
      const asked = (await agent.jobs()).map((job) => (job.task.kind === 'replicate' ? job.task.packId : ''));
      expect(asked.sort()).toEqual([...agent.held.keys()].sort());
      await agent.fetchAll();
    }
    await team.sweep();
    expect(await team.jobs()).toBe(0);
    expect(await team.counts()).toEqual(before);
  });

  describe('takes members from a roster that it signed itself', () => {
    const rosterWith = async (change: (members: Record<string, unknown>[]) => Record<string, unknown>[]): Promise<SignedStatement> => {
      const statement = expectStatus(await team.others[0]!.device.fresh().get<SignedStatement>('/agent/roster'), 200);
      const body = peekStatement('roster', statement) as { version: number; members: Record<string, unknown>[] };
      return team.storage.coordinator
        .get(CoordinatorIdentity)
        .sign('roster', { ...body, version: body.version + 40, members: change(body.members) });
    };
    const give = (roster: SignedStatement) => team.others[0]!.device.fresh().post('/agent/rebuild/roster', { roster });
    const members = async (): Promise<{ name: string; state: string }[]> =>
      expectStatus(await (await team.storage.team.people('admin')).get('/devices?pageSize=100'), 200).items;

    it('revoked ones stay so, unknown ones come back, and its number goes past those that were seen', async () => {
      const [ada, ben] = team.others as [FakeAgent, FakeAgent, ...FakeAgent[]];
      const signing = newSigningKeyPair(systemRandom);
      const joined = await team.storage.team.enrol('joined-later');
      const roster = await rosterWith((list) =>
        list.map((member) => ({ ...member, ...(member['deviceId'] === ben.device.deviceId ? { state: 'revoked' } : {}) })),
      );
      await team.sql(`DELETE FROM devices WHERE device_id = '${joined.deviceId}'`);
      await team.empty();
      expectStatus(await give(roster), 204);
      expect((await members()).map(({ name, state }) => [name, state === 'revoked'])).toEqual(
        expect.arrayContaining([
          ['joined-later', false],
          [ben.device.name, true],
        ]),
      );
      const now = peekStatement('roster', expectStatus(await ada.device.fresh().get('/agent/roster'), 200)) as { version: number };
      expect(now.version).toBe((peekStatement('roster', roster) as { version: number }).version + 1);
      expect(await team.view()).toMatchObject({ knownDevices: 5 });
      const forged = signStatement('roster', peekStatement('roster', roster), signing.secretKey);
      expect(await give(forged)).toMatchObject({ status: 400 });
      // A revocation is never taken back by one from before it, however high its number.
      const chloe = team.others[2]!;
      const before = await rosterWith((list) => list);
      expectStatus(await (await team.storage.team.people('admin')).post(`/devices/${chloe.device.deviceId}/revoke`, {}), 204);
      expectStatus(await give(before), 204);
      expect((await members()).find((one) => one.name === chloe.device.name)).toMatchObject({ state: 'revoked' });
    });
  });
});
