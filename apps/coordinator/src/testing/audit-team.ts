/** Fake agents whose packs have bytes, so that they can be challenged and can lose them. For the tests of audits. */
import { randomBytes } from 'node:crypto';
import type { DeviceAudits, OpenAudits, PackInfo, WantedChallenges } from '#libs/contracts';
import { AuditAnswers, auditNonce } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { PackId } from '#libs/kernel';
import { fromBase64Url, toBase64Url, utf8 } from '#libs/kernel';
import { AUDIT_SWEEP } from '../audits/audit-sweep.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import type { FakeAgent } from './fake-agent.ts';
import { expectStatus } from './fake-agent.ts';
import type { StorageTeam } from './storage-team.ts';
import { startStorageTeam } from './storage-team.ts';
import type { TestOptions } from './test-coordinator.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const primitives = nodePrimitives();

/** What a pack consists of here: anything will do, as long as owner and holders agree. */
const bytesOf = (packId: PackId): Uint8Array => utf8(`the sealed bytes of ${packId}`);

const answerTo = (nonce: string, bytes: Uint8Array): string => {
  const hash = new AuditAnswers(primitives, [fromBase64Url(nonce)]);
  hash.update(bytes);
  return toBase64Url(hash.answers()[0]!);
};

export interface AuditTeam extends StorageTeam {
  /** Everybody makes the challenges that they are asked for. Returns for how many packs. */
  mint(agents?: readonly FakeAgent[], wrongly?: boolean): Promise<number>;
  sweep(): Promise<void>;
  questions(holder: FakeAgent): Promise<OpenAudits>;
  /** Answers what is open, by the bytes that the holder really has. Returns the packs asked about. */
  answer(holder: FakeAgent): Promise<PackId[]>;
  /** Lets time pass in steps of four hours, with heartbeats, sweeps and (unless `silent`) answers of those awake. */
  hours(count: number, options?: { readonly awake?: readonly FakeAgent[]; readonly silent?: readonly FakeAgent[] }): Promise<void>;
  audits(holder: FakeAgent): Promise<DeviceAudits>;
  /** Kinds of the holder's events, the newest first. */
  kinds(holder: FakeAgent): Promise<string[]>;
  /** Moments are drawn at random: waits for what must happen within days, however it falls. */
  untilSeen(holder: FakeAgent, kind: string): Promise<void>;
  /** Over all agents. */
  sum(field: 'passed' | 'failed' | 'timedOut'): Promise<number>;
  /** Replaces the bytes that a holder has of a pack. Null: it has none. */
  spoil(holder: FakeAgent, packId: PackId, bytes?: Uint8Array | null): void;
  /** The bytes are good again (fetched anew). */
  heal(holder: FakeAgent, packId: PackId): void;
  holdersOf(pack: PackInfo): FakeAgent[];
  effective(pack: PackInfo): Promise<number>;
}

/** A heartbeat and a look every four hours, so that weeks pass quickly. */
const slowLife = {
  heartbeatSeconds: 4 * 3600,
  silence: {
    workstation: {
      ...{ asleepAfterSeconds: 12 * 3600, overdueAfterSeconds: 86_400, suspectAfterSeconds: 5 * 86_400 },
      ...{ missingAfterSeconds: 14 * 86_400, lostAfterSeconds: 30 * 86_400 },
    },
  },
  jobs: { expirySeconds: 30 * 86_400 },
  audits: { periodSeconds: 6 * 86_400, lookSeconds: 7200, answerSeconds: 7200, retrySeconds: 7200 },
};

export async function startAuditTeam(size: number, { config = {}, ...options }: TestOptions = {}): Promise<AuditTeam> {
  const storage = await startStorageTeam(size, { ...options, config: { ...config, durability: slowLife } });
  const spoiled = new Map<string, Uint8Array | null>();
  const schedules = storage.coordinator.get(SchedulesService);
  const key = (holder: FakeAgent, packId: PackId): string => `${holder.device.deviceId}/${packId}`;
  const has = (holder: FakeAgent, packId: PackId): Uint8Array | null => {
    const changed = spoiled.get(key(holder, packId));
    return changed === undefined ? (holder.held.has(packId) ? bytesOf(packId) : null) : changed;
  };
  const self: AuditTeam = {
    ...storage,
    mint: async (agents = storage.agents, wrongly = false) => {
      let made = 0;
      for (const owner of agents) {
        for (let after: number | null = -1; after !== null;) {
          const wanted: WantedChallenges = expectStatus(await owner.device.fresh().get(`/agent/audits/wanted?after=${after}`), 200);
          const packs = wanted.packs.map(({ packId, challenges }) => {
            const seed = randomBytes(32);
            const bytes = wrongly ? utf8('what nobody has') : bytesOf(packId);
            const answers = Array.from({ length: challenges }, (_, n) => answerTo(toBase64Url(auditNonce(primitives, seed, n)), bytes));
            return { packId, seed: toBase64Url(seed), answers };
          });
          if (packs.length > 0)
            expectStatus(await owner.device.fresh().post('/agent/audits/challenges', { vaultId: owner.vaultId, packs }), 204);
          made += packs.length;
          after = wanted.nextAfter;
        }
      }
      return made;
    },
    sweep: async () => {
      while ((await schedules.runNow(AUDIT_SWEEP)) === 'busy') await new Promise((resolve) => setTimeout(resolve, 5));
      await storage.settled();
    },
    questions: async (holder) => expectStatus(await holder.device.fresh().get<OpenAudits>('/agent/audits'), 200),
    answer: async (holder) => {
      const { audits } = await self.questions(holder);
      const answers = audits.map(({ auditId, packId, nonce }) => {
        const bytes = has(holder, packId);
        return bytes ? { auditId, outcome: 'answered', answer: answerTo(nonce, bytes) } : { auditId, outcome: 'missing' };
      });
      if (answers.length > 0) expectStatus(await holder.device.fresh().post('/agent/audits/answers', { answers }), 204);
      return audits.map((a) => a.packId);
    },
    hours: async (count, { awake = storage.agents, silent = [] } = {}) => {
      for (let hour = 0; hour < count; hour += 4) {
        await storage.coordinator.clock.advance(4 * HOUR_MS);
        for (const agent of awake) await agent.device.beat();
        await self.sweep();
        for (const agent of awake) if (!silent.includes(agent)) await self.answer(agent);
      }
    },
    audits: async (holder) =>
      // A session does not live as long as these tests.
      expectStatus(
        await (await storage.team.people('admin')).get<DeviceAudits>(`/devices/${holder.device.deviceId}/audits?pageSize=500`),
        200,
      ),
    kinds: async (holder) => (await self.audits(holder)).events.items.map((e) => e.kind),
    untilSeen: async (holder, kind) => {
      for (let hour = 0; hour < 6 * 24 && !(await self.kinds(holder)).includes(kind); hour += 4) await self.hours(4);
    },
    sum: async (field) => {
      let total = 0;
      for (const agent of storage.agents) total += (await self.audits(agent)).standing[field];
      return total;
    },
    spoil: (holder, packId, bytes = utf8('rotten')) => void spoiled.set(key(holder, packId), bytes),
    heal: (holder, packId) => void spoiled.delete(key(holder, packId)),
    holdersOf: (pack) => storage.agents.filter((agent) => agent.held.has(pack.packId)),
    effective: async (pack) => ((await storage.coordinator.get(PacksService).find([pack.packId]))[0]?.effective ?? 0) / 2,
  };
  return self;
}

/** One owner whose packs are at two others; a fourth device is free to take repairs. */
export async function startAuditedOwner(): Promise<{ team: AuditTeam; owner: FakeAgent; packs: PackInfo[] }> {
  const team = await startAuditTeam(4);
  const owner = team.agents[0]!;
  await team.setReplicas(2, 2);
  const packs = owner.newPacks(6);
  await owner.announce(packs);
  await team.replicate();
  return { team, owner, packs };
}
