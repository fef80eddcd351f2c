import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { packLocations } from '#libs/contracts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus, packIdOf } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { startStorageTeam } from '../testing/storage-team.ts';

describe('announcing packs', () => {
  let storage: StorageTeam;
  let owner: FakeAgent;
  let other: FakeAgent;

  beforeEach(async () => {
    storage = await startStorageTeam(2);
    [owner, other] = storage.agents as [FakeAgent, FakeAgent];
  });
  afterEach(() => storage.close());

  const vaultBytes = async (): Promise<number> =>
    expectStatus(await storage.admin.get(`/devices/${owner.device.deviceId}`), 200).vaultBytes;

  it('may be repeated, in parts and together', async () => {
    const packs = owner.newPacks(5);
    for (const part of [packs.slice(0, 3), packs.slice(0, 3), packs, packs]) expect((await owner.announce(part)).status).toBe(204);
    expect(await vaultBytes()).toBe(5000);
  });

  it('survives many announcements at once', async () => {
    const packs = owner.newPacks(300);
    const parts = Array.from({ length: 12 }, (_, n) => packs.slice(n * 20, n * 20 + 80));
    const answers = await Promise.all(parts.map((part) => owner.announce(part)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([204]));
    expect(await vaultBytes()).toBe(300_000);
  });

  it.each<[string, (packs: FakeAgent['packs']) => unknown]>([
    ['a number with another pack', (packs) => ({ ...packs[0]!, packId: packIdOf('another') })],
    ['a pack with another number', (packs) => ({ ...packs[0]!, ordinal: 77 })],
    ['a pack with another size', (packs) => ({ ...packs[0]!, sizeBytes: 1 })],
    ['a pack with another kind', (packs) => ({ ...packs[0]!, kind: 'index' })],
  ])('refuses %s, and keeps nothing of that call', async (_, wrong) => {
    const packs = owner.newPacks(2);
    await owner.announce(packs);
    const fresh = owner.newPacks(1);
    const answer = await owner.announce([...fresh, wrong(packs)] as typeof packs);
    expect([answer.status, answer.body.code]).toEqual([409, 'pack_conflict']);
    expect(await vaultBytes()).toBe(2000);
  });

  it('refuses two packs of one number in one call', async () => {
    const [first] = owner.newPacks(1);
    const answer = await owner.announce([first!, { ...first!, packId: packIdOf('twin') }]);
    expect(answer.body.code).toBe('pack_conflict');
  });

  it('keeps a vault to its device, and a device to its vault', async () => {
    const packs = owner.newPacks(1);
    await owner.announce(packs);
    const stolen = await other.device.fresh().post('/agent/packs', { vaultId: owner.vaultId, packs: other.newPacks(1) });
    expect([stolen.status, stolen.body.code]).toEqual([403, 'vault_not_yours']);
    const second = await owner.device
      .fresh()
      .post('/agent/packs', { vaultId: 'e'.repeat(32), packs: [{ ...packs[0]!, packId: packIdOf('x') }] });
    expect(second.body.code).toBe('vault_not_yours');
    expect((await owner.announce(Array.from({ length: 1001 }, () => packs[0]!))).body.code).toBe('request_invalid');
  });

  it('takes ten thousand packs, places them, and says how long it took', async () => {
    const packs = owner.newPacks(10_000);
    const startMs = performance.now();
    for (let at = 0; at < packs.length; at += 1000) expectStatus(await owner.announce(packs.slice(at, at + 1000)), 204);
    const announcedMs = performance.now();
    await storage.settled();
    console.info(
      `10,000 packs: announced in ${Math.round(announcedMs - startMs)} ms, planned ${Math.round(performance.now() - announcedMs)} ms after`,
    );
    expect(await vaultBytes()).toBe(10_000_000);
    // The only other device gets as many as it may have open, the rest waits its turn.
    expect(await other.jobs()).toHaveLength(storage.coordinator.config.durability.jobs.openPerDevice);
  }, 60_000);

  it('tells readers who has what, those online first, the owner last', async () => {
    const packs = owner.newPacks(1);
    await owner.announce(packs);
    await storage.replicate();
    const packIds = [packs[0]!.packId, packIdOf('nobody has this')];
    const locate = async () =>
      packLocations.parse(expectStatus(await other.device.fresh().post('/agent/packs/locate', { packIds }), 200)).locations;
    expect(await locate()).toEqual([
      {
        packId: packs[0]!.packId,
        sizeBytes: 1000,
        holders: [
          { deviceId: other.device.deviceId, online: true },
          { deviceId: owner.device.deviceId, online: true },
        ],
      },
    ]);
    await other.device.beat({ leaving: true });
    expect((await locate())[0]!.holders.map((h) => h.online)).toEqual([true, false]);
    expectStatus(await storage.admin.post(`/devices/${owner.device.deviceId}/revoke`), 204);
    expect((await locate())[0]!.holders).toEqual([{ deviceId: other.device.deviceId, online: false }]);
  });
});
