import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Release, SignedStatement, WantedTrims } from '#libs/contracts';
import { cryptoReady, newSigningKeyPair, openRelease } from '#libs/crypto';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles, memoryFolder, seededRandom } from '#libs/kernel/testing';
import type { PackKind } from '#libs/vault';
import { AgentError } from '../errors.ts';
import { JsonFile } from '../home/json-file.ts';
import { silentLog } from '../log/agent-log.ts';
import { refuse } from '../testing/holding-team.ts';
import { TrimBook, trimsState } from './trim-book.ts';
import { TrimKeeper, type TrimKeeperPorts } from './trim-keeper.ts';
import { trimLimits } from './trim-limits.ts';

const teamId = '11111111-1111-4111-8111-111111111111';
const vaultId = 'ab'.repeat(16) as VaultId;
const device = (n: number): DeviceId => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as DeviceId;
const pack = (n: number): PackId => `b${'abcdefgh'[n]!.repeat(58)}` as PackId;
const me = device(0);
const signal = new AbortController().signal;

describe('an owner that is asked to let copies go', () => {
  let folder: string;
  let owner: ReturnType<typeof newSigningKeyPair>;
  let signed: Release[];
  let submitted: (trim: SignedStatement) => void;
  let wanted: WantedTrims['trims'];
  /** What the team looks like from here; tests change it. */
  let receipts: Map<PackId, DeviceId[]>;
  let kinds: Map<PackId, PackKind>;
  let silent: Set<DeviceId>;
  let liars: Set<DeviceId>;
  let leavers: Set<DeviceId>;
  let asked: string[];
  let target: number;
  let nowMs: number;

  beforeAll(cryptoReady);
  beforeEach(async () => {
    folder = await mkdtemp(join(memoryFolder(), 'holdfast-trims-'));
    owner = newSigningKeyPair(seededRandom(1));
    signed = [];
    submitted = () => undefined;
    receipts = new Map([[pack(1), [1, 2, 3, 4, 5].map(device)]]);
    kinds = new Map([[pack(1), 'data']]);
    [silent, liars, leavers] = [new Set(), new Set(), new Set()];
    asked = [];
    target = 3;
    nowMs = 1_800_000_000_000;
    ask(1);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const ask = (...holders: number[]): void => {
    wanted = holders.map((n) => ({ holderDeviceId: device(n), packIds: [...kinds.keys()] }));
  };
  const file = (files = nodeFiles) => new JsonFile(files, join(folder, 'trims.json'), trimsState);
  /** As after a restart: what was signed before is read from the disk. */
  const open = async (over: Partial<TrimKeeperPorts> = {}): Promise<TrimKeeper> =>
    new TrimKeeper({
      coordinator: {
        wantedTrims: async () => ({ nextSequence: signed.length + 1, generation: 0, trims: wanted }),
        submitTrim: async ({ trim }) => {
          signed.push(openRelease(trim, { teamId, ownerKey: owner.publicKey, rootKey: owner.publicKey }));
          submitted(trim);
        },
      },
      book: await TrimBook.open(file()),
      vault: async () => ({ headSequence: 4, kinds }),
      holdersOf: (packId) => receipts.get(packId) ?? [],
      isStaying: (id) => !leavers.has(id),
      target: () => target,
      shows: async (holder, packId) => {
        asked.push(`${holder}/${packId}`);
        if (silent.has(holder)) throw new AgentError('coordinator_unreachable', 'nobody there', { status: 'temporary' });
        return !liars.has(holder);
      },
      ...{ teamId, vaultId, deviceId: me, signingSecretKey: owner.secretKey, newId: () => crypto.randomUUID(), nowMs: () => nowMs },
      log: silentLog,
      ...over,
    });
  const look = async (over: Partial<TrimKeeperPorts> = {}): Promise<number> => (await open(over)).look(signal);

  it('signs for exactly that holder when enough others have just shown the pack', async () => {
    expect(await look()).toBe(1);
    expect(signed).toEqual([
      expect.objectContaining({
        onlyHolder: device(1),
        packIds: [pack(1)],
        reason: 'surplus',
        releaseSequence: 1,
        headSequence: 4,
        ownerDeviceId: me,
      }),
    ]);
    expect(asked).toEqual([2, 3, 4].map((n) => `${device(n)}/${pack(1)}`));
  });

  it.each<[string, () => void]>([
    ['has receipts of fewer than it wants to keep', () => receipts.set(pack(1), [1, 2, 3].map(device))],
    [
      'is told that one copy is enough (the policy is the coordinator’s word)',
      () => {
        target = 1;
        receipts.set(pack(1), [1, 2, 3].map(device));
      },
    ],
    ['wants more copies than the others have', () => (target = 5)],
    ['does not reach enough of the others', () => (silent = new Set([device(2), device(3)]))],
    ['is shown something else by them', () => (liars = new Set([device(2), device(3)]))],
    ['knows that the others are about to leave, or were revoked', () => (leavers = new Set([device(2), device(3)]))],
    ['has an index pack on no more than five', () => kinds.set(pack(1), 'index')],
    ['does not have the pack in its vault', () => void (kinds = new Map())],
    ['would count a holder twice', () => receipts.set(pack(1), [1, 2, 2, 2, 3].map(device))],
    ['would count itself', () => receipts.set(pack(1), [me, device(1), device(2), device(3)])],
    ['is asked to let go of its own copy', () => (wanted = [{ holderDeviceId: me, packIds: [pack(1)] }])],
  ])('signs nothing when it %s', async (_, change) => {
    change();
    expect(await look()).toBe(0);
    expect(signed).toEqual([]);
  });

  it('never goes below what it keeps, though a lying coordinator asks for every copy, again and again, over restarts', async () => {
    receipts.set(pack(1), [1, 2, 3, 4, 5, 6, 7, 8].map(device));
    for (let round = 0; round < 12; round += 1) {
      ask((round % 8) + 1);
      await look();
      nowMs += trimLimits.refusedMs;
    }
    const left = new Set(receipts.get(pack(1)));
    for (const one of signed) left.delete(one.onlyHolder!);
    // One that it let go before it may let go again: that leaves no fewer.
    expect(left.size).toBe(3);
  });

  it('nor when it asks for all of them at once', async () => {
    ask(1, 2, 3, 4, 5);
    expect(await look()).toBe(2);
    expect(signed.map((one) => one.onlyHolder)).toEqual([device(1), device(2)]);
  });

  it('counts what it signed even if the answer was lost, or the process died, right then', async () => {
    submitted = () => {
      throw new AgentError('coordinator_unreachable', 'the line broke', { status: 'temporary' });
    };
    await expect(look()).rejects.toMatchObject({ code: 'coordinator_unreachable' });
    submitted = () => refuse('trim_refused');
    ask(2);
    expect(await look()).toBe(1);
    ask(3);
    expect(await look()).toBe(0);
  });

  it('signs nothing that it could not write down first', async () => {
    const book = await TrimBook.open(file(faultyFiles(nodeFiles, { fullAt: 1 })));
    await expect(look({ book })).rejects.toMatchObject({ code: 'disk_full' });
    expect(signed).toEqual([]);
  });

  it('does nothing at all without its book', async () => {
    await writeFile(join(folder, 'trims.json'), '{"signed": [{"packId"');
    await expect(open()).rejects.toMatchObject({ code: 'home_corrupt' });
  });

  it('does not ask everybody again for what it refused a moment ago, and pauses for longer each time', async () => {
    silent = new Set([device(2), device(3)]);
    const keeper = await open();
    const pauses: number[] = [];
    for (let waitedMs = 0, looks = 0; looks < 13; nowMs += 60_000, waitedMs += 60_000) {
      const before = asked.length;
      expect(await keeper.look(signal)).toBe(0);
      if (asked.length === before) continue;
      pauses.push(waitedMs / 60_000);
      [waitedMs, looks] = [0, looks + 1];
    }
    expect(pauses.slice(1)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1200]);
    silent = new Set();
    expect(await keeper.look(signal)).toBe(0);
    nowMs += trimLimits.refusedMs;
    expect(await keeper.look(signal)).toBe(1);
  });

  it('looks again at once when it only lacked receipts, as right after waking', async () => {
    receipts.set(pack(1), [1, 2, 3].map(device));
    const keeper = await open();
    expect(await keeper.look(signal)).toBe(0);
    expect(asked).toEqual([]);
    receipts.set(pack(1), [1, 2, 3, 4].map(device));
    expect(await keeper.look(signal)).toBe(1);
  });
});
