/** A team that has backups everywhere, whose coordinator is about to lose what it knows. For the tests of the rebuild. */
import type { HeartbeatReply, Memory, RebuildView, Roster, SignedStatement } from '#libs/contracts';
import { rebuildView } from '#libs/contracts';
import { peekStatement } from '#libs/crypto';
import type { PackId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { PacksService } from '../packs/packs.service.ts';
import { MemoryService } from '../rebuild/memory.service.ts';
import { REBUILD_SWEEP } from '../rebuild/rebuild-sweep.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from './fake-agent.ts';
import { expectStatus, neededPacks, someStats } from './fake-agent.ts';
import { ReleasingOwner } from './releasing-owner.ts';
import type { StorageTeam } from './storage-team.ts';
import { startStorageTeam } from './storage-team.ts';
import { aHeartbeat } from './test-team.ts';

/** Of the owner; the first is the index. */
export const PACKS = 6;

/** What the coordinator counts. */
export interface Counts {
  readonly replicas: string[];
  readonly effective: number[];
  readonly snapshots: unknown[];
}

export class RebuildingTeam {
  storage: StorageTeam;
  readonly owner: ReleasingOwner;
  readonly others: FakeAgent[];
  /** Every receipt that the owner ever got, with its cursor. */
  receipts: { cursor: number; receipt: SignedStatement }[] = [];

  private constructor(storage: StorageTeam) {
    const [first, ...rest] = storage.agents as [FakeAgent, ...FakeAgent[]];
    this.storage = storage;
    this.others = rest;
    this.owner = new ReleasingOwner(storage, first);
  }

  /** One owner with six packs and a snapshot, three copies of each at four colleagues. */
  static async start(): Promise<RebuildingTeam> {
    const team = new RebuildingTeam(await startStorageTeam(5));
    const { agent } = team.owner;
    await agent.announce(agent.newPacks(PACKS));
    await team.owner.backUp(team.ordinals());
    await team.storage.replicate();
    ({ receipts: team.receipts } = expectStatus(await agent.device.fresh().get('/agent/receipts'), 200));
    return team;
  }

  ordinals(): number[] {
    return this.owner.agent.packs.map((p) => p.ordinal);
  }

  packIds(): PackId[] {
    return this.owner.agent.packs.map((p) => p.packId);
  }

  database(): Database {
    return this.storage.coordinator.get(Database);
  }

  async sql(...statements: string[]): Promise<void> {
    await this.database().write(async (manager) => {
      for (const one of statements) await manager.query(one);
    });
  }

  async view(): Promise<RebuildView> {
    return rebuildView.parse(expectStatus(await (await this.storage.team.people('admin')).get('/rebuild'), 200));
  }

  /** A heartbeat with what the agent was told to remember. */
  async beat(agent: FakeAgent, told: SignedStatement | null): Promise<NonNullable<HeartbeatReply['memory']>> {
    const heartbeat = { ...aHeartbeat(this.storage.coordinator), memory: told };
    return expectStatus(await agent.device.fresh().post<HeartbeatReply>('/agent/heartbeat', heartbeat), 200).memory!;
  }

  async counts(): Promise<Counts> {
    return {
      replicas: (await this.storage.coordinator.get(ReplicasService).ofPacks(this.packIds()))
        .filter((row) => row.status === 'held')
        .map((row) => `${row.packId}/${row.deviceId}`)
        .sort(),
      effective: (await this.storage.coordinator.get(PacksService).find(this.packIds())).map((pack) => pack.effective),
      snapshots: (await this.storage.snapshots(this.owner.agent)).map(({ sequence, protection, packs, packsBelowMinimum }) => ({
        ...{ sequence, protection, packs, packsBelowMinimum },
      })),
    };
  }

  async sweep(): Promise<void> {
    await this.storage.coordinator.get(SchedulesService).runNow(REBUILD_SWEEP);
    await this.storage.settled();
  }

  /** The tables of what is where are empty, and the coordinator looks. */
  async empty(): Promise<void> {
    await this.sql('DELETE FROM packs', 'DELETE FROM replicas', 'DELETE FROM receipts', 'DELETE FROM snapshots');
    await this.storage.coordinator.get(MemoryService).checkDatabase();
    await this.storage.settled();
  }

  /** The agent has told everything. */
  async done(agent: FakeAgent): Promise<void> {
    const { statement } = await this.beat(agent, null);
    const { memoryId } = memoryOf(statement);
    expectStatus(await agent.device.fresh().post('/agent/rebuild/done', { memoryId }), 204);
  }

  async ownerTells(returned = this.receipts): Promise<void> {
    const { agent, snapshots: known } = this.owner;
    const client = agent.device.fresh();
    expectStatus(await agent.announce(agent.packs), 204);
    expectStatus(await this.owner.putHead(), 204);
    const one = { sequence: known[0]!, neededPacks: neededPacks(this.ordinals()), startedAtMs: 1, endedAtMs: 2, partial: false };
    const snapshots = [
      { ...one, stats: someStats },
      { ...one, sequence: 77, stats: someStats },
    ];
    expectStatus(await client.post('/agent/rebuild/snapshots', { vaultId: agent.vaultId, snapshots }), 204);
    if (returned.length > 0) expectStatus(await client.post('/agent/rebuild/receipts', { receipts: returned }), 204);
    await this.done(agent);
  }

  async rosterOf(agent: FakeAgent): Promise<Roster> {
    return peekStatement('roster', expectStatus(await agent.device.fresh().get<SignedStatement>('/agent/roster'), 200)) as Roster;
  }

  /** How many jobs all agents are given. */
  async jobs(): Promise<number> {
    await this.storage.round();
    return (await Promise.all(this.storage.agents.map((agent) => agent.jobs()))).flat().length;
  }
}

export const memoryOf = (statement: SignedStatement): Memory => peekStatement('memory', statement) as Memory;
