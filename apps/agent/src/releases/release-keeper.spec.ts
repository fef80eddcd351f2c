import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { OwnReleases, PutVaultHead, Release, SignedStatement } from '#libs/contracts';
import { cryptoReady, newSigningKeyPair, openRelease, releaseHashOf } from '#libs/crypto';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles, memoryFolder, seededRandom } from '#libs/kernel/testing';
import { silentLog } from '../log/agent-log.ts';
import { refuse } from '../testing/holding-team.ts';
import { ReleaseBook } from './release-book.ts';
import { releaseLimits } from './release-limits.ts';
import { ReleaseKeeper } from './release-keeper.ts';

const teamId = '11111111-1111-4111-8111-111111111111';
const packId = (n: number): PackId => `b${'abcdefgh'[n]!.repeat(58)}` as PackId;
const signal = new AbortController().signal;
const aHead = (sequence: number) => ({
  sequence,
  bytes: new Uint8Array([sequence]),
  needs: [{ sequence: 1, neededPacks: new Uint8Array([7]) }],
});

/** A coordinator that remembers; `answer` says what becomes of a new release. */
class FakeCoordinator {
  heads: PutVaultHead[] = [];
  releases: { body: Release; signed: SignedStatement; state: OwnReleases['releases'][number]['state'] }[] = [];
  generation = 0;
  explanation = '';
  holdUntilMs: number | null = null;
  answer: () => OwnReleases['releases'][number]['state'] = () => 'holding';

  async putVaultHead(body: PutVaultHead): Promise<void> {
    this.heads.push(body);
  }

  async submitRelease({ release }: { release: SignedStatement }): Promise<OwnReleases['releases'][number]> {
    const body = openRelease(release, { teamId, ownerKey: owner.publicKey, rootKey: owner.publicKey });
    const known = this.releases.find((one) => one.body.releaseId === body.releaseId);
    if (known) return this.#own(known);
    if (body.releaseSequence <= this.releases.length || body.generation !== this.generation) refuse('release_replayed');
    const added = { body, signed: release, state: this.answer() };
    this.releases.push(added);
    return this.#own(added);
  }

  async ownReleases(): Promise<OwnReleases> {
    return { lastSequence: this.releases.length, generation: this.generation, releases: this.releases.map((one) => this.#own(one)) };
  }

  #own(one: FakeCoordinator['releases'][number]): OwnReleases['releases'][number] {
    return { ...own(one), explanation: this.explanation, holdUntilMs: this.holdUntilMs };
  }
}
const own = ({ body, signed, state }: FakeCoordinator['releases'][number]): OwnReleases['releases'][number] => ({
  ...{ releaseId: body.releaseId, releaseSequence: body.releaseSequence, releaseHash: releaseHashOf(signed), state },
});

let owner: ReturnType<typeof newSigningKeyPair>;
let folder: string;
let coordinator: FakeCoordinator;
let stored: Set<PackId>;
let used: Set<PackId>;
let nowMs: number;

beforeAll(async () => {
  await cryptoReady();
  owner = newSigningKeyPair(seededRandom(9));
});
beforeEach(async () => {
  folder = await mkdtemp(join(memoryFolder(), 'holdfast-releases-'));
  coordinator = new FakeCoordinator();
  stored = new Set([0, 1, 2, 3].map(packId));
  used = new Set();
  nowMs = 1;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function open(files = nodeFiles, home = folder): Promise<ReleaseKeeper> {
  let id = 0;
  return new ReleaseKeeper({
    ...{ coordinator, teamId, log: silentLog, nowMs: () => nowMs, signingSecretKey: owner.secretKey },
    deviceId: '00000000-0000-4000-8000-000000000002' as DeviceId,
    vaultId: 'ab'.repeat(16) as VaultId,
    book: await ReleaseBook.open(files, home),
    own: { delete: async (one) => void stored.delete(one) },
    inUse: async (packIds) => new Set(packIds.filter((one) => used.has(one))),
    newId: () => `44444444-4444-4444-8444-${String((id += 1) + coordinator.releases.length * 100).padStart(12, '0')}`,
  });
}
const left = (): number[] => [0, 1, 2, 3].filter((n) => stored.has(packId(n)));
const propose = (keeper: ReleaseKeeper, ...packs: number[]): Promise<void> =>
  keeper.releasePacks({ head: aHead(5), packIds: packs.map(packId), reason: 'retention' });

describe('the owner’s releases', () => {
  it('send the head first, then the signed release, and only then remove own copies', async () => {
    const keeper = await open();
    await propose(keeper, 0, 1);
    expect(left()).toEqual([0, 1, 2, 3]);
    await keeper.deliver(signal);
    expect(coordinator.heads).toEqual([{ vaultId: 'ab'.repeat(16), head: 'BQ', needs: [{ sequence: 1, neededPacks: 'Bw' }] }]);
    expect(coordinator.releases[0]!.body).toMatchObject({ releaseSequence: 1, headSequence: 5, packIds: [packId(0), packId(1)] });
    expect(left()).toEqual([2, 3]);
    await keeper.deliver(signal);
    expect([coordinator.heads.length, coordinator.releases.length]).toEqual([1, 1]);
  });

  it('keep own copies while a person decides, and for good when it is cancelled', async () => {
    coordinator.answer = () => 'waiting';
    const keeper = await open();
    await propose(keeper, 0);
    await propose(keeper, 1);
    for (let n = 0; n < 3; n += 1) await keeper.deliver(signal);
    expect([coordinator.releases.length, keeper.waiting, left()]).toEqual([2, 2, [0, 1, 2, 3]]);
    coordinator.releases[0]!.state = 'cancelled';
    coordinator.releases[1]!.state = 'holding';
    await keeper.deliver(signal);
    expect([keeper.waiting, left()]).toEqual([0, [0, 2, 3]]);
    await propose(keeper, 0, 1, 2);
    coordinator.generation = 1;
    coordinator.answer = () => 'holding';
    await keeper.deliver(signal);
    expect(coordinator.releases[2]!.body).toMatchObject({ packIds: [packId(2)], generation: 1 });
  });

  it('propose packs of a cancelled release again only after a long time, and keep them in between', async () => {
    coordinator.answer = () => 'waiting';
    let keeper = await open();
    await propose(keeper, 0, 1);
    await keeper.deliver(signal);
    coordinator.releases[0]!.state = 'cancelled';
    coordinator.generation = 1;
    await keeper.deliver(signal);
    nowMs += releaseLimits.keepAfterCancelMs - 1;
    expect(await keeper.lapse()).toEqual(new Set());
    await propose(keeper, 0, 1);
    await keeper.deliver(signal);
    expect([coordinator.releases.length, left()]).toEqual([1, [0, 1, 2, 3]]);

    nowMs += 1;
    expect(await keeper.lapse()).toEqual(new Set([packId(0), packId(1)]));
    // Killed before they were proposed: they are still to be.
    keeper = await open();
    expect(await keeper.lapse()).toEqual(new Set([packId(0), packId(1)]));
    await propose(keeper, 0, 1);
    expect(await keeper.lapse()).toEqual(new Set());
    await keeper.deliver(signal);
    expect(coordinator.releases[1]).toMatchObject({ state: 'waiting', body: { generation: 1, packIds: [packId(0), packId(1)] } });
    expect(left()).toEqual([0, 1, 2, 3]);
    // Cancelled once more: the time begins again.
    coordinator.releases[1]!.state = 'cancelled';
    await keeper.deliver(signal);
    nowMs += releaseLimits.keepAfterCancelMs - 1;
    expect(await keeper.lapse()).toEqual(new Set());
    nowMs += 1;
    expect((await keeper.lapse()).size).toBe(2);
  });

  it('are forgotten when they have long been over, so that no file is kept for ever, and never before', async () => {
    const files = async (): Promise<string[]> => (await readdir(folder)).sort();
    coordinator.answer = () => 'holding';
    coordinator.holdUntilMs = 30 * 86_400_000;
    let keeper = await open();
    await propose(keeper, 0, 1);
    await keeper.headChanged(aHead(6));
    await keeper.deliver(signal);
    expect(left()).toEqual([2, 3]);
    expect(await files()).toHaveLength(2);
    // A head without packs is of no more use; the release is still in hold.
    expect(await keeper.lapse()).toEqual(new Set());
    expect(await files()).toEqual(['000000000001.json']);
    nowMs = 36 * 86_400_000;
    await keeper.lapse();
    keeper = await open();
    await propose(keeper, 0, 1);
    await keeper.deliver(signal);
    expect(coordinator.releases).toHaveLength(1);
    nowMs = 38 * 86_400_000;
    await keeper.lapse();
    expect((await files()).filter((name) => name === '000000000001.json')).toEqual([]);
    // Cancelled, lapsed, proposed anew: the lapsed one goes, and its packs are never proposable twice.
    coordinator.answer = () => 'waiting';
    await propose(keeper, 2);
    await keeper.deliver(signal);
    coordinator.releases.at(-1)!.state = 'cancelled';
    await keeper.deliver(signal);
    nowMs += 46 * 86_400_000;
    await keeper.lapse();
    expect(await keeper.lapse()).toEqual(new Set([packId(2)]));
    await propose(keeper, 2);
    const before = (await files()).length;
    expect(await keeper.lapse()).toEqual(new Set());
    expect((await files()).length).toBe(before - 1);
    keeper = await open();
    expect(await keeper.lapse()).toEqual(new Set());
  });

  it('say what their packs wait for, and until when', async () => {
    const keeper = await open();
    await propose(keeper, 0, 1);
    expect(keeper.outlook()).toMatchObject({ packsNotAccepted: 2, packsForAdmin: 0, packsInHold: 0 });
    coordinator.answer = () => 'waiting';
    coordinator.explanation = 'More than usual.';
    await keeper.deliver(signal);
    expect(keeper.outlook()).toMatchObject({ packsNotAccepted: 0, packsForAdmin: 2, explanations: ['More than usual.'] });
    coordinator.releases[0]!.state = 'holding';
    coordinator.holdUntilMs = 1_000;
    await keeper.deliver(signal);
    expect(keeper.outlook()).toMatchObject({ packsForAdmin: 0, explanations: [], packsInHold: 2, holdUntilMs: 1_000 });
    nowMs = 1_001;
    expect(keeper.outlook()).toMatchObject({ packsInHold: 0, holdUntilMs: undefined });
  });

  it.each(['release_too_early', 'release_head_missing'])('come again after %s', async (problem) => {
    coordinator.answer = () => refuse(problem);
    const keeper = await open();
    await propose(keeper, 0);
    for (let n = 0; n < 3; n += 1) await keeper.deliver(signal);
    expect(left()).toEqual([0, 1, 2, 3]);
    coordinator.answer = () => 'holding';
    await keeper.deliver(signal);
    expect([coordinator.releases.length, left()]).toEqual([1, [1, 2, 3]]);
  });

  it('are signed anew when a cancel came in between, and given up when they are refused for good', async () => {
    const keeper = await open();
    await propose(keeper, 0);
    coordinator.answer = () => {
      coordinator.generation = 4;
      return refuse('release_replayed');
    };
    await keeper.deliver(signal);
    coordinator.answer = () => 'holding';
    await keeper.deliver(signal);
    expect(coordinator.releases[0]!.body.generation).toBe(4);
    coordinator.answer = () => refuse('release_needed');
    await propose(keeper, 1);
    for (let n = 0; n < 2; n += 1) await keeper.deliver(signal);
    expect([keeper.waiting, left()]).toEqual([0, [1, 2, 3]]);
  });

  it('never remove a pack that the vault’s index names', async () => {
    used.add(packId(1));
    const keeper = await open();
    await propose(keeper, 0, 1);
    await keeper.deliver(signal);
    expect(left()).toEqual([1, 2, 3]);
  });

  it('tell of a head without a release', async () => {
    const keeper = await open();
    await keeper.headChanged(aHead(6));
    for (let n = 0; n < 2; n += 1) await keeper.deliver(signal);
    expect([coordinator.heads.length, coordinator.releases.length]).toEqual([1, 0]);
  });

  it('are one release and no more, wherever the device is killed', async () => {
    const story = async (files: typeof nodeFiles, home: string): Promise<void> => {
      const keeper = await open(files, home);
      await propose(keeper, 0, 1);
      await keeper.deliver(signal);
    };
    const dry = faultyFiles(nodeFiles);
    await story(dry, folder);
    for (let killAt = 1; killAt <= dry.operations; killAt += 1) {
      for (const killHow of ['before', 'torn', 'after'] as const) {
        const home = join(folder, `${killAt}-${killHow}`);
        coordinator = new FakeCoordinator();
        stored = new Set([0, 1, 2, 3].map(packId));
        await expect(story(faultyFiles(nodeFiles, { killAt, killHow }), home)).rejects.toThrow();
        if (coordinator.releases.length === 0) expect(left()).toEqual([0, 1, 2, 3]);
        const keeper = await open(nodeFiles, home);
        // Prune proposes what it finds dead again.
        await propose(keeper, 0, 1);
        await keeper.deliver(signal);
        expect([coordinator.releases.length, left()]).toEqual([1, [2, 3]]);
      }
    }
  });
});
