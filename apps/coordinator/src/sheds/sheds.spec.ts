import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DeviceSummary, SignedStatement, WantedTrims } from '#libs/contracts';
import { deviceSummary, pageOf, wantedTrims } from '#libs/contracts';
import { signRelease } from '#libs/crypto';
import type { DeviceId, PackId } from '#libs/kernel';
import { AuditLogService } from '../audit-log/audit-log.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { RepairBreakerService } from '../placement/repair-breaker.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from '../testing/fake-agent.ts';
import { expectStatus } from '../testing/fake-agent.ts';
import type { StorageTeam } from '../testing/storage-team.ts';
import { patientDurability, startStorageTeam } from '../testing/storage-team.ts';
import { TRIM_SWEEP } from '../trims/trim-sweep.service.ts';
import { SHED_SWEEP } from './shed-sweep.service.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const packBytes = 1000;

describe('a holder whose disk is short', () => {
  let storage: StorageTeam;
  let owner: FakeAgent;
  let others: FakeAgent[];
  let full: FakeAgent;

  /** An owner with ten packs at three of its colleagues each, and one of those with the most of them. */
  const start = async (size: number): Promise<void> => {
    storage = await startStorageTeam(size, { config: { durability: patientDurability } });
    [owner, ...others] = storage.agents as [FakeAgent, ...FakeAgent[]];
    await storage.setReplicas(3, 2);
    await owner.announce(owner.newPacks(10, 'data', packBytes));
    await owner.commit();
    await storage.replicate();
    full = others.reduce((most, agent) => (agent.held.size > most.held.size ? agent : most));
  };
  afterEach(() => storage.close());

  const run = async (name: string): Promise<void> => {
    expect(await storage.coordinator.get(SchedulesService).runNow(name)).toBe('done');
    await storage.settled();
  };
  const sweep = (): Promise<void> => run(SHED_SWEEP);
  /** It says so, and says it still after half an hour. */
  const fills = async (bytes: number): Promise<void> => {
    const beat = () => full.device.beat({ toGiveBackBytes: bytes, availableForPacksBytes: 0, heldBytes: 1e9 });
    await beat();
    await sweep();
    await storage.coordinator.clock.advance(30 * minute);
    await beat();
    await sweep();
  };
  const summary = async (agent = full): Promise<DeviceSummary> => {
    const page = pageOf(deviceSummary).parse(expectStatus(await (await storage.team.people('admin')).get('/devices'), 200));
    return page.items.find((device) => device.deviceId === agent.device.deviceId)!;
  };
  const marked = async (): Promise<PackId[]> => [
    ...((await storage.coordinator.get(ReplicasService).shedOf(owner.device.deviceId, 100)).get(full.device.deviceId) ?? []),
  ];
  const wanted = async (): Promise<WantedTrims> =>
    wantedTrims.parse(expectStatus(await owner.device.fresh().get('/agent/trims/wanted'), 200));
  const effective = async (): Promise<number[]> =>
    (await storage.coordinator.get(PacksService).find(owner.packs.map((p) => p.packId))).map((pack) => pack.effective / 2);
  const statusesAt = async (agent = full): Promise<Record<string, number>> => {
    const rows = await storage.coordinator.get(ReplicasService).ofDevice(
      agent.device.deviceId,
      owner.packs.map((p) => p.packId),
    );
    return Object.fromEntries([...Map.groupBy(rows, (row) => row.status)].map(([status, some]) => [status, some.length]));
  };
  /** Heartbeats of everybody but the full one, whose own ones say what its disk says. */
  const copy = (): Promise<number> => storage.replicate(others.filter((agent) => agent !== full).concat(owner));
  const sign = (onlyHolder: DeviceId, packIds: readonly PackId[], releaseSequence: number): SignedStatement =>
    signRelease(
      {
        ...{ teamId: storage.team.keys.teamId, releaseId: randomUUID(), vaultId: owner.vaultId, ownerDeviceId: owner.device.deviceId },
        ...{ releaseSequence, headSequence: 1, generation: 0, reason: 'surplus', packIds: [...packIds], atMs: 1, onlyHolder },
      },
      owner.device.signing.secretKey,
    );
  /** The owner does what it is asked. Returns how many copies it let go. */
  const letGo = async (): Promise<number> => {
    const { trims, nextSequence } = await wanted();
    for (const [n, { holderDeviceId, packIds }] of trims.entries())
      expectStatus(await owner.device.fresh().post('/agent/trims', { trim: sign(holderDeviceId, packIds, nextSequence + n) }), 204);
    return trims.reduce((sum, one) => sum + one.packIds.length, 0);
  };
  const actions = async (): Promise<string[]> =>
    (await storage.coordinator.get(AuditLogService).page({ page: 1, pageSize: 500, order: 'asc' } as never)).items
      .map((entry) => entry.action)
      .filter((action) => action.startsWith('shed.'));

  describe('in a team with room', () => {
    beforeEach(() => start(7));

    it('has copies made elsewhere, and lets its own go by their owner’s word', async () => {
      const before = full.held.size;
      await fills(3 * packBytes);
      // A quarter more than it lacks, in whole packs.
      expect(await marked()).toHaveLength(4);
      expect(await summary()).toMatchObject({
        shed: { toGiveBackBytes: 3 * packBytes, movingBytes: 4 * packBytes, inHoldBytes: 0, stuck: false },
        stateReason: expect.stringContaining('Its disk is nearly full: 4 KB are being moved to others.'),
      });
      // Counted as before while it is there, and nobody is asked before there are others.
      expect(await effective()).toEqual(Array(10).fill(3));
      expect(await wanted()).toMatchObject({ trims: [] });
      expect(await copy()).toBe(4);
      expect((await effective()).filter((n) => n === 4)).toHaveLength(4);
      await sweep();
      expect(await marked()).toHaveLength(4);
      expect((await wanted()).trims).toEqual([{ holderDeviceId: full.device.deviceId, packIds: expect.arrayContaining(await marked()) }]);

      expect(await letGo()).toBe(4);
      expect(await effective()).toEqual(Array(10).fill(3));
      expect(await statusesAt()).toEqual({ held: before - 4, trimming: 4 });
      await sweep();
      expect(await marked()).toHaveLength(0);
      expect((await summary()).shed).toMatchObject({ movingBytes: 0, inHoldBytes: 4 * packBytes });
      expect((await summary()).stateReason).toContain('4 KB are elsewhere and go when their hold is over.');
      // They are not placed there again, and nothing is copied for them.
      expect(await copy()).toBe(0);

      // The hold is over: it deleted them, and has room again.
      const [{ releaseId }] = expectStatus(await full.device.fresh().get('/agent/trims/held'), 200).releases;
      await storage.coordinator.clock.advance(14 * day);
      const nonce = 'BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ';
      const word = expectStatus(await full.device.fresh().post<SignedStatement>(`/agent/trims/${releaseId}/confirm`, { nonce }), 200);
      const { packIds } = JSON.parse(Buffer.from(word.payload, 'base64url').toString()) as { packIds: PackId[] };
      expect(packIds).toHaveLength(4);
      expectStatus(await full.device.fresh().post(`/agent/trims/${releaseId}/deleted`, { packIds }), 204);
      expect(await statusesAt()).toEqual({ held: before - 4 });
      await full.device.beat();
      await sweep();
      await storage.coordinator.clock.advance(day);
      await full.device.beat();
      await sweep();
      expect((await summary()).shed).toBeNull();
      expect(await actions()).toEqual(['shed.begin', 'shed.end']);
    });

    it('moves nothing for a moment’s shortage, nor for an agent that says nothing of it', async () => {
      await full.device.beat({ toGiveBackBytes: 5000 });
      await sweep();
      expect((await summary()).stateReason).toContain('if it stays so, 5 KB are moved to others.');
      await storage.coordinator.clock.advance(29 * minute);
      await full.device.beat();
      await sweep();
      await storage.coordinator.clock.advance(2 * minute);
      await full.device.beat({ toGiveBackBytes: 5000 });
      await sweep();
      expect(await marked()).toEqual([]);
      await full.device.beat();
      await sweep();
      expect(await summary()).toMatchObject({ shed: null });
      expect(await actions()).toEqual([]);
    });

    it('keeps what was to leave once somebody made room, after a day', async () => {
      await fills(3 * packBytes);
      await full.device.beat();
      await sweep();
      expect(await marked()).toHaveLength(4);
      await storage.coordinator.clock.advance(day);
      await sweep();
      expect(await marked()).toEqual([]);
      expect(await copy()).toBe(0);
      expect(await statusesAt()).toEqual({ held: full.held.size });
    });

    it('goes on after a restart of the coordinator in the middle', async () => {
      await fills(3 * packBytes);
      const before = await marked();
      const reopened = await storage.coordinator.restart();
      expect(await reopened.get(SchedulesService).runNow(SHED_SWEEP)).toBe('done');
      const after = await reopened.get(ReplicasService).shedOf(owner.device.deviceId, 100);
      expect(after.get(full.device.deviceId)!.toSorted()).toEqual(before.toSorted());
      await reopened.close();
      await start(2);
    });

    it('loses nothing while the owner sleeps for days, and fills up again meanwhile', async () => {
      await fills(3 * packBytes);
      expect(await copy()).toBe(4);
      for (let n = 0; n < 5; n += 1) {
        await storage.coordinator.clock.advance(day);
        await sweep();
        await run(TRIM_SWEEP);
        expect(await copy()).toBe(0);
        expect(await statusesAt()).toEqual({ held: full.held.size });
      }
      // More is asked for: the four count as leaving, the rest is chosen besides.
      await full.device.beat({ toGiveBackBytes: 4 * packBytes, availableForPacksBytes: 0 });
      await sweep();
      expect(await marked()).toHaveLength(5);
      expect(await copy()).toBe(1);
      expect(await letGo()).toBe(5);
      expect(await effective()).toEqual(Array(10).fill(3));
    });

    it('counts on what was not let go for a fortnight no more, and chooses others besides', async () => {
      await fills(packBytes);
      expect(await marked()).toHaveLength(2);
      await storage.coordinator.clock.advance(14 * day + minute);
      await sweep();
      expect(await marked()).toHaveLength(4);
    });

    it('stands still during an outage', async () => {
      await full.device.beat({ toGiveBackBytes: packBytes });
      await sweep();
      await storage.coordinator.clock.advance(600 * day);
      // Five of seven are doubted at once.
      await storage.round([full, owner]);
      expect(await storage.coordinator.get(RepairBreakerService).current()).toMatchObject({ open: true });
      await full.device.beat({ toGiveBackBytes: packBytes });
      await sweep();
      expect(await marked()).toEqual([]);
      expect((await summary()).shed).toMatchObject({ begunAtMs: expect.any(Number), movingBytes: 0 });
    });
  });

  describe('in a team that has nowhere to put them', () => {
    beforeEach(() => start(4));

    it('keeps all of them, and says why and what helps', async () => {
      await fills(3 * packBytes);
      expect(await marked()).toEqual([]);
      expect(await wanted()).toMatchObject({ trims: [] });
      expect(await summary()).toMatchObject({
        shed: { stuck: true, movingBytes: 0 },
        stateReason: expect.stringContaining(
          'Its disk is nearly full, and 3 KB can not be moved: every other device already has these packs. Enrol another device, or free space on this one.',
        ),
      });
      expect(await effective()).toEqual(Array(10).fill(3));
      expect(await actions()).toEqual(['shed.begin', 'shed.stuck']);
      // Another device joins.
      const fresh = await storage.join('fresh');
      await storage.round(others.filter((agent) => agent !== full).concat(owner, fresh));
      await storage.coordinator.clock.advance(60 * minute);
      await sweep();
      expect(await marked()).toHaveLength(4);
      expect(await storage.replicate(others.filter((agent) => agent !== full).concat(owner, fresh))).toBe(4);
      expect(await letGo()).toBe(4);
      expect(await effective()).toEqual(Array(10).fill(3));
    });

    it('and that wants two copies: three others have to be there before one goes', async () => {
      await storage.setReplicas(2, 2);
      await fills(packBytes);
      expect(await marked()).toEqual([]);
      expect((await summary()).shed).toMatchObject({ stuck: true });
      expect(await letGo()).toBe(0);
    });
  });
});
