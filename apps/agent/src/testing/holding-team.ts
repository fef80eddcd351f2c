/** A holder with real packs and real keys, and a coordinator that does what a test says. For the tests of the hold. */
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Release, ReleaseStatements, SignedStatement } from '#libs/contracts';
import { newSigningKeyPair, signCancel, signConfirm, signCountersign, signRelease, type SigningKeyPair } from '#libs/crypto';
import { type DeviceId, type PackId, toBase64Url, type VaultId } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { seededRandom } from '#libs/kernel/testing';
import { type HeldPack, HeldPackStore } from '#libs/swarm';
import { aPack } from '#libs/vault/testing';
import { AgentError } from '../errors.ts';
import { JsonFile } from '../home/json-file.ts';
import { silentLog } from '../log/agent-log.ts';
import { HoldBook } from '../releases/hold-book.ts';
import { HoldKeeper } from '../releases/hold-keeper.ts';
import { holdLimits } from '../releases/hold-limits.ts';
import { holdClockState, HoldTimer } from '../releases/hold-timer.ts';

export const dayMs = 86_400_000;
const teamId = '11111111-1111-4111-8111-111111111111';
export const releaseId = (n: number): string => `22222222-2222-4222-8222-${String(n).padStart(12, '0')}`;
export const holderId = '00000000-0000-4000-8000-000000000001' as DeviceId;
export const ownerId = '00000000-0000-4000-8000-000000000002' as DeviceId;
const vaultId = 'ab'.repeat(16) as VaultId;

/** What each call answers; a test replaces what it wants to be hostile. */
export interface CoordinatorScript {
  listed: { releaseId: string; state: 'holding' | 'cancelled' }[];
  statements: Map<string, ReleaseStatements>;
  confirm: (releaseId: string, nonce: string) => SignedStatement;
  deleted: { releaseId: string; packIds: readonly PackId[] }[];
}

const keysOf = (n: number): SigningKeyPair => newSigningKeyPair(seededRandom(n));

export class HoldingTeam {
  readonly owner = keysOf(501);
  readonly root = keysOf(502);
  readonly coordinatorKeys = keysOf(503);
  readonly stranger = keysOf(504);
  readonly packIds: PackId[] = [];
  readonly script: CoordinatorScript;
  /** Who is in the team by the holder's roster. */
  readonly members = new Set<DeviceId>([ownerId, holderId]);
  /** The holder's own clock, its monotonic one, and the coordinator's. */
  ownMs = 1_800_000_000_000;
  monotonicMs = 1000;
  coordinatorMs = 1_800_000_000_000;
  held!: HeldPackStore;
  holds!: HoldKeeper;
  timer!: HoldTimer;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.script = {
      listed: [],
      statements: new Map(),
      confirm: (id, nonce) => this.confirm(id, nonce),
      deleted: [],
    };
  }

  /** Three held packs, 1 to 3. */
  static async start(folder: string, files: DurableFiles): Promise<HoldingTeam> {
    const team = new HoldingTeam(folder);
    await team.open(files);
    for (const seed of [1, 2, 3]) await team.store(seed);
    return team;
  }

  /** As after a restart of the process. */
  async open(files: DurableFiles): Promise<void> {
    this.held = await HeldPackStore.open(join(this.#folder, 'held'), { files });
    this.timer = await HoldTimer.open({
      file: new JsonFile(files, join(this.#folder, 'hold-clock.json'), holdClockState),
      nowMs: () => this.ownMs,
      monotonicMs: () => this.monotonicMs,
    });
    this.holds = new HoldKeeper({
      coordinator: {
        heldReleases: async () => ({ releases: this.script.listed }),
        releaseStatements: async (id) => this.script.statements.get(id) ?? refuse('release_not_found'),
        confirmRelease: async (id, nonce) => this.script.confirm(id, nonce),
        releaseDeleted: async (id, packIds) => void this.script.deleted.push({ releaseId: id, packIds }),
      },
      ...{ held: this.held, timer: this.timer, deviceId: holderId, random: seededRandom(this.monotonicMs), log: silentLog },
      keys: { teamId, rootKey: this.root.publicKey, coordinatorKey: this.coordinatorKeys.publicKey },
      book: await HoldBook.open(files, join(this.#folder, 'holds'), { nowMs: this.ownMs, rememberDeletedMs: holdLimits.rememberDeletedMs }),
      nowMs: () => this.ownMs,
      minimumHoldMs: 14 * dayMs,
      isMember: (deviceId) => this.members.has(deviceId),
    });
  }

  async store(seed: number, over: Partial<HeldPack> = {}): Promise<PackId> {
    const pack = await aPack({ seed });
    const note = {
      vaultId,
      ownerDeviceId: ownerId,
      packKind: 'data',
      generation: 0,
      sinceMs: this.ownMs,
      ownerKey: toBase64Url(this.owner.publicKey),
    };
    await this.held.packs.put(pack, { about: new TextEncoder().encode(JSON.stringify({ ...note, ...over })) });
    if (!this.packIds.includes(pack.packId)) this.packIds.push(pack.packId);
    return pack.packId;
  }

  body(over: Partial<Release> = {}): Release {
    return {
      ...{ teamId, releaseId: releaseId(1), vaultId, ownerDeviceId: ownerId, releaseSequence: 1, headSequence: 1, generation: 0 },
      ...{ reason: 'retention', packIds: [...this.packIds], atMs: 1 },
      ...over,
    };
  }

  /** A release in order, listed by the coordinator. `holdMs` is the coordinator's say. */
  release(
    over: Partial<Release> = {},
    options: { signed?: SignedStatement; countersignKey?: SigningKeyPair; holdMs?: number } = {},
  ): SignedStatement {
    const body = this.body(over);
    const release = options.signed ?? signRelease(body, this.owner.secretKey);
    const { secretKey } = options.countersignKey ?? this.coordinatorKeys;
    const countersign = signCountersign(release, body, { holdMs: options.holdMs ?? 14 * dayMs, atMs: this.coordinatorMs }, secretKey);
    this.list(body.releaseId, { release, countersign, cancel: null });
    return release;
  }

  list(id: string, statements: ReleaseStatements, state: 'holding' | 'cancelled' = 'holding'): void {
    this.script.listed = [...this.script.listed.filter((one) => one.releaseId !== id), { releaseId: id, state }];
    this.script.statements.set(id, statements);
  }

  cancel(id = releaseId(1)): void {
    const before = this.script.statements.get(id)!;
    const cancel = signCancel(before.release, this.bodyOf(before.release), this.coordinatorMs, this.coordinatorKeys.secretKey);
    this.list(id, { ...before, cancel }, 'cancelled');
  }

  bodyOf(signed: SignedStatement): Release {
    return JSON.parse(Buffer.from(signed.payload, 'base64url').toString()) as Release;
  }

  confirm(id: string, nonce: string, over: { packIds?: PackId[]; holderDeviceId?: DeviceId } = {}): SignedStatement {
    const { release } = this.script.statements.get(id)!;
    const body = this.bodyOf(release);
    const to = { holderDeviceId: over.holderDeviceId ?? holderId, nonce, packIds: over.packIds ?? body.packIds, atMs: this.coordinatorMs };
    return signConfirm(release, body, to, this.coordinatorKeys.secretKey);
  }

  /** Time passes for everybody. Asleep: the monotonic clock stands still. */
  async pass(ms: number, options: { asleep?: boolean; contact?: boolean } = {}): Promise<void> {
    this.ownMs += ms;
    this.coordinatorMs += ms;
    if (!options.asleep) this.monotonicMs += ms;
    await this.timer.tick();
    if (options.contact !== false) await this.timer.contact(this.coordinatorMs);
  }

  /** One look, as the daemon does it. */
  async look(): Promise<void> {
    const signal = new AbortController().signal;
    await this.holds.sync(signal);
    await this.holds.deleteDue(signal);
  }

  /** The coordinator (or whoever) tried; a long time passes with everything it could want. */
  async afterALongTime(): Promise<void> {
    await this.look();
    for (let n = 0; n < 4; n += 1) {
      await this.pass(20 * dayMs);
      await this.look();
    }
  }

  /** All is there after {@link afterALongTime}. */
  async expectKept(): Promise<void> {
    await this.afterALongTime();
    expect(await this.there()).toEqual(this.packIds);
  }

  /** Which of the packs are on the disk, whole. */
  async there(): Promise<PackId[]> {
    const found: PackId[] = [];
    for (const packId of this.packIds)
      if ((await this.held.packs.has(packId)) && (await this.held.packs.verify(packId)).whole) found.push(packId);
    return found;
  }
}

export function refuse(problem: string): never {
  throw new AgentError('coordinator_refused', problem, { context: { httpStatus: 409, problem } });
}
