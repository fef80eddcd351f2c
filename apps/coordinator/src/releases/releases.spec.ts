import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openConfirm, openCountersigned } from '#libs/crypto';
import type { PackId } from '#libs/kernel';
import { toBase64Url } from '#libs/kernel';
import { DeviceTokensService } from '../device-tokens/device-tokens.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import { dayMs, nonce, ReleasesTeam } from '../testing/releases-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';
import { RELEASE_SWEEP } from './release-sweep.service.ts';

describe('releases', () => {
  let team: ReleasesTeam;

  beforeEach(async () => {
    team = await ReleasesTeam.start();
  });
  afterEach(() => team.storage.close());

  it('leave a way back when somebody signs a head that lists every snapshot and leads nowhere, and one a week in any case', async () => {
    const kept = async (): Promise<number[]> =>
      expectStatus(await (await team.admin()).get(`/vaults/${team.owner.agent.vaultId}/heads`), 200).map(
        (h: { headSequence: number }) => h.headSequence,
      );
    await team.owner.backUp([0]);
    expect(await kept()).toEqual([]);
    const good = team.owner.head();
    const [, other] = team.owner.agent.packs;
    team.owner.indexPacks = [{ packId: other!.packId, ordinal: other!.ordinal, sizeBytes: 1000 }];
    await team.owner.backUp([0]);
    expect(await kept()).toEqual([team.owner.headSequence - 1]);
    const back = expectStatus(
      await (await team.admin()).get(`/vaults/${team.owner.agent.vaultId}/heads/${team.owner.headSequence - 1}`),
      200,
    );
    expect(back.head).toBe(good);
    await team.owner.backUp([0]);
    expect(await kept()).toHaveLength(1);
    await team.storage.coordinator.clock.advance(8 * dayMs);
    await team.owner.backUp([0]);
    await team.owner.backUp([0]);
    expect(await kept()).toHaveLength(2);
  });

  it('are countersigned when they are housekeeping, kept for the hold, confirmed with a signature, and then gone', async () => {
    const id = await team.housekeeping();
    const view = await team.only();
    expect(view).toMatchObject({
      state: 'holding',
      flags: [],
      packs: 2,
      bytes: 2000,
      share: 0.125,
      replicasLeft: 6,
      snapshotsForgotten: 1,
    });
    expect(view.holdUntilMs! - view.countersignedAtMs!).toBe(14 * dayMs);
    const [holder] = team.holders as [FakeAgent];
    expect(await team.held(holder)).toEqual([{ releaseId: id, state: 'holding' }]);
    const { release, countersign, cancel } = await team.statements(holder, id);
    expect([openCountersigned(release, countersign!, team.keys()).release.packIds, cancel]).toEqual([team.released(), null]);

    await team.passDays(13);
    expect((await team.confirm(holder, id)).body.code).toBe('release_hold_running');
    const early = await holder.device.fresh().post(`/agent/releases/${id}/deleted`, { packIds: team.released() });
    expect(early.body.code).toBe('release_hold_running');
    await team.passDays(1);
    for (const one of team.holders) {
      const body = openConfirm(
        expectStatus(await team.confirm(one, id), 200),
        release,
        openCountersigned(release, countersign!, team.keys()).release,
        { holderDeviceId: one.device.deviceId, nonce },
        team.keys().coordinatorKey,
      );
      expect([...body.packIds].sort()).toEqual(team.released().sort());
      for (let twice = 0; twice < 2; twice += 1)
        expectStatus(await one.device.fresh().post(`/agent/releases/${id}/deleted`, { packIds: body.packIds }), 204);
    }
    expect(await team.only()).toMatchObject({ state: 'done', replicasDeleted: 6, replicasLeft: 0 });
    const located = await holder.device.fresh().post('/agent/packs/locate', { packIds: team.everything() });
    expect(located.body.locations).toHaveLength(14);
    expect(await team.actions()).toEqual(expect.arrayContaining(['snapshot.forget', 'release.accept', 'release.done']));
  });

  it('cancelled after the hold: a copy counts once its holder names it, since it may be deleted and not yet told', async () => {
    const id = await team.housekeeping();
    await team.passDays(14);
    const [told, ...others] = team.holders as [FakeAgent, ...FakeAgent[]];
    expectStatus(await team.confirm(told, id), 200);
    // It deletes, and its line breaks before it could say so.
    for (const packId of team.released()) told.held.delete(packId);
    expectStatus(await (await team.admin()).post(`/releases/${id}/cancel`), 204);
    const effective = async (): Promise<(number | undefined)[]> => {
      const counts = await team.storage.coordinator.get(PacksService).effectiveOf(team.owner.agent.vaultId);
      return [counts.get(1), counts.get(2), counts.get(3)];
    };
    const firstSnapshot = async (): Promise<unknown> =>
      expectStatus(await (await team.admin()).get(`/devices/${team.owner.agent.device.deviceId}/snapshots`), 200).items.find(
        (s: { sequence: number }) => s.sequence === 1,
      )?.protection;
    expect([await effective(), await firstSnapshot()]).toEqual([[0, 0, 3], 'captured']);
    for (const holder of others) await holder.inventory();
    await told.inventory();
    expect([await effective(), await firstSnapshot()]).toEqual([[2, 2, 3], 'protected']);
    await team.storage.replicate();
    expect([await effective(), told.held.has(team.released()[0]!)]).toEqual([[3, 3, 3], true]);
  });

  it('needed again after the hold: the same', async () => {
    const id = await team.housekeeping();
    await team.passDays(14);
    const [told] = team.holders as [FakeAgent];
    expectStatus(await team.confirm(told, id), 200);
    for (const packId of team.released()) told.held.delete(packId);
    // A head of which the coordinator hears late lists what needs them.
    await team.owner.backUp([0, 1]);
    await team.storage.coordinator.get(SchedulesService).runNow(RELEASE_SWEEP);
    const effective = async (): Promise<number | undefined> =>
      (await team.storage.coordinator.get(PacksService).effectiveOf(team.owner.agent.vaultId)).get(1);
    expect(await effective()).toBe(0);
    for (const holder of team.holders) await holder.inventory();
    expect(await effective()).toBe(2);
  });

  it('stop placement and repair of their packs, and nothing else', async () => {
    await team.housekeeping();
    const { repair } = expectStatus(await (await team.admin()).get('/overview'), 200);
    expect(repair.backlogPacks).toBe(0);
    await team.storage.coordinator.clock.advance(1000);
    await team.holders[0]!.inventory([]);
    await team.storage.round();
    const asked = (await team.holders[0]!.jobs()).map((job) => (job.task.kind === 'replicate' ? job.task.packId : undefined));
    expect(asked).toHaveLength(14);
    expect(asked.filter((packId) => team.released().includes(packId!))).toEqual([]);
  });

  it('give up packs that a later snapshot needs again, before and at the confirmation', async () => {
    const id = await team.housekeeping();
    await team.owner.backUp([0, 2, 5]);
    await team.passDays(14);
    const confirmed = expectStatus(await team.confirm(team.holders[0]!, id), 200);
    const { packIds: dead } = JSON.parse(Buffer.from(confirmed.payload, 'base64url').toString()) as { packIds: PackId[] };
    expect(dead).toEqual(team.packIds(1));
    expect(await team.actions()).toContain('release.revive');
  });

  it('are done although a holder was revoked that can delete nothing any more', async () => {
    const id = await team.housekeeping();
    const [thief, ...others] = team.holders;
    expectStatus(await (await team.admin()).post(`/devices/${thief!.device.deviceId}/revoke`), 204);
    await team.storage.coordinator.clock.advance(14 * dayMs);
    for (const one of others)
      expectStatus(await one.device.fresh().post(`/agent/releases/${id}/deleted`, { packIds: team.released() }), 204);
    expect(await team.only()).toMatchObject({ state: 'done' });
  });

  it('survive a restart of the coordinator', async () => {
    const id = await team.housekeeping();
    await team.passDays(14);
    const again = await team.storage.coordinator.restart();
    const { token } = again.get(DeviceTokensService).issue(team.holders[0]!.device.deviceId);
    const client = again.anyone.with({ authorization: `Bearer ${token}` });
    expectStatus(await client.post(`/agent/releases/${id}/confirm`, { nonce }), 200);
    await again.close();
    team.storage = await startStorageTeam(0);
  });

  it('leave heads alone that are not the owner’s, are forks, or are older', async () => {
    const put = async (over: Record<string, unknown>): Promise<unknown> => (await team.owner.putHead(over)).body?.code;
    expect(await put({ head: toBase64Url(new Uint8Array(100)) })).toBe('head_invalid');
    expect(await put({ head: team.owner.head({ snapshots: [2] }) })).toBe('head_invalid');
    expect(await put({ head: team.owner.head({ snapshots: [], sequence: 2 }) })).toBeUndefined();
    expect(await team.snapshots()).toEqual([2, 1]);
  });
});
