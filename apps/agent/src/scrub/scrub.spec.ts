import { mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditAnswer, OpenAudits, PackChallenges, ScrubReport } from '#libs/contracts';
import { AuditAnswers, auditNonce, cryptoReady } from '#libs/crypto';
import { nodePrimitives } from '#libs/crypto/node';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import { fromBase64Url, systemRandom, toBase64Url } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { FilesError, nodeFiles, translateFileError } from '#libs/kernel/node';
import { ManualClock, seededRandom } from '#libs/kernel/testing';
import { FilePackStore, HeldPackStore } from '#libs/swarm';
import type { SealedPack } from '#libs/vault';
import { packDag } from '#libs/vault';
import { answerAudits } from '../audits/answer-audits.ts';
import { makeChallenges } from '../audits/make-challenges.ts';
import { agentPaths } from '../home/agent-paths.ts';
import { JsonFile } from '../home/json-file.ts';
import { replaceDamaged } from '../jobs/replace-damaged.ts';
import { silentLog } from '../log/agent-log.ts';
import { repairOwnPacks } from '../reading/repair-own-packs.ts';
import type { AgentRuntime } from '../runtime/agent-runtime.ts';
import { DamagedCopies, damagedCopiesState } from './damaged-copies.ts';
import { Scrub } from './scrub.ts';

const primitives = nodePrimitives();
const hashers = { blake3: (d: Uint8Array) => primitives.blake3(d), sha256: (d: Uint8Array) => primitives.sha256(d) };
const about = {
  vaultId: 'ab'.repeat(16) as VaultId,
  ownerDeviceId: '00000000-0000-4000-8000-000000000002' as DeviceId,
  packKind: 'data' as const,
  generation: 0,
  sinceMs: 0,
};
const never = new AbortController().signal;

function aPack(seed: number, sizeBytes = 2 * 1024 * 1024 + 11): SealedPack {
  const bytes = new Uint8Array(sizeBytes);
  const pattern = seededRandom(seed).bytes(64 * 1024);
  for (let at = 0; at < sizeBytes; at += pattern.length) bytes.set(pattern.subarray(0, sizeBytes - at), at);
  return { kind: 'data', bytes, ...packDag(hashers, bytes) };
}

const fileOf = (folder: string, packId: PackId): string => join(folder, packId.slice(-3, -1), `${packId}.pack`);

/** Turns one bit on the disk, behind the store's back. */
async function flip(folder: string, packId: PackId, at: number): Promise<void> {
  const file = await open(fileOf(folder, packId), 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = byte[0]! ^ 4;
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
}

describe('reading packs on this disk', () => {
  let home: string;
  let clock: ManualClock;
  let own: FilePackStore;
  let held: HeldPackStore;
  let packs: SealedPack[];
  let reports: ScrubReport[];
  let repaired: PackId[];
  let waitsFor: string | null;
  let damagedCopies: DamagedCopies;
  let agent: AgentRuntime;

  beforeAll(cryptoReady);
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-scrub-'));
    clock = new ManualClock();
    const paths = agentPaths(home);
    own = await FilePackStore.open(paths.ownPacks);
    held = await HeldPackStore.open(paths.heldPacks);
    packs = [1, 2, 3].map((seed) => aPack(seed));
    for (const pack of packs) await held.replace(pack, about);
    damagedCopies = await openDamaged();
    [reports, repaired, waitsFor] = [[], [], null];
    agent = {
      ...{ clock, log: silentLog, own, held, damagedCopies, paths, files: nodeFiles, random: systemRandom },
      document: { joinedAtMs: clock.nowMs(), vaultId: about.vaultId },
      backups: { isRunning: false },
      manners: { waits: () => (waitsFor === null ? null : { code: 'paused', text: waitsFor, untilMs: null }) },
      outbox: { put: async (entry: { body: ScrubReport }) => void reports.push(entry.body) },
    } as unknown as AgentRuntime;
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const openDamaged = (): Promise<DamagedCopies> =>
    DamagedCopies.open(new JsonFile(nodeFiles, agentPaths(home).damagedCopies, damagedCopiesState), held.packs);
  const scrub = (): Scrub =>
    new Scrub({
      ...agent,
      waitsFor: () => waitsFor,
      repairOwn: (wanted) => {
        repaired.push(...wanted.keys());
        return Promise.resolve([...wanted.keys()]);
      },
    });
  /** Lets the manual clock run while `work` sleeps for its pace. */
  const timed = async (work: Promise<unknown>): Promise<void> => {
    const state = { done: false };
    const end = (): void => void (state.done = true);
    void work.then(end, end);
    while (!state.done) {
      await clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await work;
  };
  const makeChallengesIn = async (maker: AgentRuntime): ReturnType<typeof makeChallenges> => {
    const making = makeChallenges(maker, never);
    await timed(making);
    return making;
  };
  const month = 30 * 86_400_000;

  it('finds one turned bit, a file cut short and a root block that is gone, reports each at once, deletes nothing', async () => {
    await flip(held.packs.folder, packs[0]!.packId, 1024 * 1024 + 5);
    await truncate(fileOf(held.packs.folder, packs[1]!.packId), 100);
    await rm(fileOf(held.packs.folder, packs[2]!.packId).replace(/pack$/, 'root'));
    await own.put(aPack(9));
    await clock.advance(month);
    await timed(scrub().runDue(never));
    const found = new Map(reports.flatMap((r) => r.damaged.map((d) => [d.packId, d.leaves])));
    expect(found).toEqual(
      new Map([
        [packs[0]!.packId, 1],
        [packs[1]!.packId, 3],
        [packs[2]!.packId, 3],
      ]),
    );
    const last = reports.filter((r) => r.endedAtMs !== null);
    expect(last.map(({ store, packs: n, found: bad }) => [store, n, bad])).toEqual([
      ['held', 3, 3],
      ['own', 1, 0],
    ]);
    expect(held.packs.totals().packs).toBe(3);
    // They stay on the disk, and count for nothing, also after a restart.
    expect(await damagedCopies.totals()).toEqual({ packs: 0, bytes: 0 });
    expect(await (await openDamaged()).totals()).toEqual({ packs: 0, bytes: 0 });
    expect(repaired).toEqual([]);
  });

  it('gives way, goes on after a restart where it was, and does not begin again within a month', async () => {
    await clock.advance(month);
    const signal = new AbortController();
    const first = scrub().runDue(signal.signal);
    // Until the first pack is through and the state is on the disk.
    const state = join(home, 'state', 'scrub.json');
    while (
      !(await readFile(state, 'utf8').then(
        (text) => text.includes('"packs": 1'),
        () => false,
      ))
    ) {
      await clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    signal.abort(new DOMException('stop', 'AbortError'));
    await expect(first).rejects.toThrow('stop');
    waitsFor = 'a backup is running';
    await timed(scrub().runDue(never));
    expect(reports.filter((r) => r.store === 'held')).toEqual([]);
    waitsFor = null;
    await timed(scrub().runDue(never));
    expect(reports.find((r) => r.store === 'held')).toMatchObject({ packs: 3, found: 0 });
    const so = reports.length;
    await timed(scrub().runDue(never));
    expect(reports).toHaveLength(so);
  });

  it('reads everything for the coordinator’s request and says which one it answers', async () => {
    const one = scrub();
    one.ask(123);
    await timed(one.runDue(never));
    expect(reports).toMatchObject([{ store: 'held', asked: 123, packs: 3, found: 0 }]);
  });

  it('brings damaged own packs back', async () => {
    const mine = aPack(7);
    await own.put(mine);
    await flip(own.folder, mine.packId, 3);
    await clock.advance(month);
    await timed(scrub().runDue(never));
    expect(repaired).toEqual([mine.packId]);
    expect(reports.find((r) => r.damaged.length > 0)).toMatchObject({ store: 'own', damaged: [{ packId: mine.packId, repaired: true }] });
  });

  it('reads own packs also while those of others can not be read', async () => {
    const mine = aPack(7);
    await own.put(mine);
    const files: DurableFiles = { ...nodeFiles, open: (path) => Promise.reject(new FilesError('access_denied', path)) };
    agent = { ...agent, held: await HeldPackStore.open(held.packs.folder, { files }) };
    await clock.advance(month);
    await expect(timed(scrub().runDue(never))).rejects.toMatchObject({ code: 'store_failed' });
    expect(reports).toMatchObject([{ store: 'own', packs: 1, found: 0, damaged: [] }]);
  });

  describe('on a disk with bad places', () => {
    /** Reading from there fails as a disk's bad sector does. */
    const bad = new Map<string, number>();
    const badFiles: DurableFiles = {
      ...nodeFiles,
      read: (path, options) => (bad.has(path) ? Promise.reject(badPlace(path)) : nodeFiles.read(path, options)),
      open: async (path) => {
        const file = await nodeFiles.open(path);
        const at = bad.get(path);
        if (at === undefined) return file;
        return {
          sizeBytes: file.sizeBytes,
          close: () => file.close(),
          read: (offset, length, into) =>
            at >= offset && at < offset + length ? Promise.reject(badPlace(path)) : file.read(offset, length, into),
        };
      },
    };
    const badPlace = (path: string): unknown =>
      translateFileError(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5, syscall: 'read' }), path);
    const goesBad = (folder: string, packId: PackId, at = 1024 * 1024 + 3): void => void bad.set(fileOf(folder, packId), at);

    beforeEach(async () => {
      bad.clear();
      const paths = agentPaths(home);
      own = await FilePackStore.open(paths.ownPacks, { files: badFiles });
      held = await HeldPackStore.open(paths.heldPacks, { files: badFiles });
      damagedCopies = await openDamaged();
      agent = { ...agent, own, held, damagedCopies };
    });

    it('reads all the same what comes behind, reports the packs that lie there, and brings own ones back', async () => {
      for (const { packId } of packs.slice(0, 2)) goesBad(held.packs.folder, packId);
      bad.set(fileOf(held.packs.folder, packs[2]!.packId).replace(/pack$/, 'root'), 0);
      const mine = [aPack(7), aPack(8)];
      for (const pack of mine) await own.put(pack);
      goesBad(own.folder, mine[0]!.packId, 5);
      await clock.advance(month);
      await timed(scrub().runDue(never));
      expect(new Map(reports.flatMap((r) => r.damaged.map((d) => [d.packId, d.leaves])))).toEqual(
        new Map([
          [packs[0]!.packId, 1],
          [packs[1]!.packId, 1],
          [packs[2]!.packId, 3],
          [mine[0]!.packId, 1],
        ]),
      );
      expect(reports.filter((r) => r.endedAtMs !== null).map(({ store, packs: n, found }) => [store, n, found])).toEqual([
        ['held', 3, 3],
        ['own', 2, 1],
      ]);
      expect(repaired).toEqual([mine[0]!.packId]);
    });

    it('names all packs that it holds, also one whose note lies there', async () => {
      bad.set(fileOf(held.packs.folder, packs[1]!.packId).replace(/pack$/, 'about'), 0);
      const named = new Map<PackId, boolean>();
      for await (const { packId, about: note } of held.inventory()) named.set(packId, note !== undefined);
      expect(named).toEqual(new Map(packs.map(({ packId }, i) => [packId, i !== 1])));
    });

    it('tells an audit that the disk does not give the pack', async () => {
      goesBad(held.packs.folder, packs[0]!.packId);
      const [{ packId }] = packs as [SealedPack];
      const sent: AuditAnswer[] = [];
      const audits = [{ auditId: 'a', packId, sizeBytes: 1, nonce: toBase64Url(systemRandom.bytes(32)) }];
      const coordinator = {
        openAudits: async () => ({ audits, scanSinceMs: null }),
        answerAudits: async (body: { answers: AuditAnswer[] }) => void sent.push(...body.answers),
      };
      await timed(answerAudits({ ...agent, coordinator } as unknown as AgentRuntime, never));
      expect(sent).toEqual([{ auditId: 'a', outcome: 'unreadable', message: expect.stringContaining('1 of its blocks') }]);
    });

    it('puts an own pack anew that lies there, and leaves what there is of it while it can not', async () => {
      const mine = aPack(7);
      await own.put(mine);
      goesBad(own.folder, mine.packId, 5);
      const damaged = { whole: false, damaged: [0] };
      expect(await own.verify(mine.packId)).toEqual(damaged);
      const fetchPack = async (_id: PackId, _size: number, { into }: { into: FilePackStore }) => into.put(mine);
      let full = true;
      const files: DurableFiles = {
        ...badFiles,
        replace: (path, ...parts) =>
          full && path.startsWith(own.folder)
            ? Promise.reject(new FilesError('disk_full', 'no space left', { status: 'temporary' }))
            : nodeFiles.replace(path, ...parts).then(() => void bad.delete(path)),
      };
      const maker = {
        ...{ ...agent, role: 'daemon', own: await FilePackStore.open(own.folder, { files }) },
        ...{ swarm: { start: async () => ({ fetchPack }) }, holders: { ranked: async () => [] } },
      } as unknown as AgentRuntime;
      const wanted = new Map([[mine.packId, mine.bytes.length]]);
      expect(await repairOwnPacks(maker, wanted, never)).toEqual([]);
      expect(await maker.own.verify(mine.packId)).toEqual(damaged);
      full = false;
      expect(await repairOwnPacks(maker, wanted, never)).toEqual([mine.packId]);
      expect(await maker.own.verify(mine.packId)).toEqual({ whole: true, damaged: [] });
    });
  });

  it('answers audits from the bytes, reports its own damage instead of a wrong answer, and says what it does not have', async () => {
    const nonce = systemRandom.bytes(32);
    await flip(held.packs.folder, packs[1]!.packId, 77);
    const question = (auditId: string, packId: PackId) => ({ auditId, packId, sizeBytes: 1, nonce: toBase64Url(nonce) });
    const gone = aPack(44).packId;
    const open: OpenAudits = {
      audits: [question('a', packs[0]!.packId), question('b', packs[1]!.packId), question('c', gone)],
      scanSinceMs: 5,
    };
    const sent: unknown[] = [];
    const coordinator = {
      openAudits: async () => open,
      answerAudits: async (body: { answers: unknown[] }) => void sent.push(...body.answers),
    };
    const work = answerAudits({ ...agent, coordinator } as unknown as AgentRuntime, never);
    await timed(work);
    const right = new AuditAnswers(primitives, [nonce]);
    right.update(packs[0]!.bytes);
    expect(sent).toEqual([
      { auditId: 'a', outcome: 'answered', answer: toBase64Url(right.answers()[0]!) },
      { auditId: 'c', outcome: 'missing' },
    ]);
    expect(reports).toMatchObject([{ store: 'held', endedAtMs: null, damaged: [{ packId: packs[1]!.packId }] }]);
    expect(await work).toBe(5);
  });

  it('makes challenges that a holder of the same pack answers, none from a damaged copy, and stops for a backup and a pause', async () => {
    await own.put(packs[0]!);
    await own.put(packs[1]!);
    await flip(own.folder, packs[1]!.packId, 5);
    const sent: PackChallenges[] = [];
    const wanted = { packs: packs.map(({ packId }) => ({ packId, sizeBytes: 1, challenges: 3 })), nextAfter: null };
    const coordinator = {
      wantedChallenges: async () => wanted,
      putChallenges: async (body: { packs: PackChallenges[] }) => void sent.push(...body.packs),
      locatePacks: async () => ({ locations: [] }),
    };
    const holders = { ranked: async () => [] };
    const swarm = { start: async () => ({ fetchPack: () => Promise.reject(new Error('nobody is there')) }) };
    const maker = { ...agent, coordinator, holders, swarm, role: 'daemon' } as unknown as AgentRuntime;
    expect(await makeChallengesIn(maker)).toEqual({ packs: 1, isAll: true });
    expect(sent.map((p) => p.packId)).toEqual([packs[0]!.packId]);
    sent[0]!.answers.forEach((answer, index) => {
      const hash = new AuditAnswers(primitives, [auditNonce(primitives, fromBase64Url(sent[0]!.seed), index)]);
      hash.update(packs[0]!.bytes);
      expect(toBase64Url(hash.answers()[0]!)).toBe(answer);
    });
    expect(reports).toMatchObject([{ store: 'own', damaged: [{ packId: packs[1]!.packId, repaired: false }] }]);
    (agent.backups as { isRunning: boolean }).isRunning = true;
    expect(await makeChallengesIn(maker)).toEqual({ packs: 0, isAll: false });
    (agent.backups as { isRunning: boolean }).isRunning = false;
    // Asked before each pack: the first is still read, the others are not.
    coordinator.wantedChallenges = async () => {
      setImmediate(() => (waitsFor = 'paused'));
      return wanted;
    };
    expect(await makeChallengesIn(maker)).toEqual({ packs: 1, isAll: false });
    expect(sent).toHaveLength(2);
  });

  it('puts a whole copy in the place of a damaged one, and keeps the damaged one while nobody can give another', async () => {
    const [{ packId, bytes }] = packs as [SealedPack];
    await flip(held.packs.folder, packId, 9);
    const pack = { packId, sizeBytes: bytes.length, about };
    const nobody = { fetchPack: () => Promise.reject(new Error('nobody is there')) };
    await expect(replaceDamaged(agent, nobody, pack, { from: [] })).rejects.toThrow('nobody is there');
    expect(await held.packs.verify(packId)).toEqual({ whole: false, damaged: [0] });
    const somebody = {
      fetchPack: async (_id: PackId, _size: number, options: { into: unknown }) => {
        await (options.into as FilePackStore).put(packs[0]!);
        return {} as never;
      },
    };
    await replaceDamaged(agent, somebody, pack, { from: [] });
    expect((await held.packs.verify(packId)).whole).toBe(true);
    expect(await held.about(packId)).toEqual(about);
  });
});
