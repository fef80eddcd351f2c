import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { nodeFiles } from '#libs/kernel/node';
import { faultyFiles } from '#libs/kernel/testing';
import { backup, type BackupOptions, compareTrees, type LocalVault, restore } from '../index.ts';
import { filePackStore } from '../testing/file-pack-store.ts';
import { makeNastyTree, seededBytes } from '../testing/nasty-tree.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { vaultFixture, type VaultFixture } from '../testing/vault-fixture.ts';
import { FileSealer } from './file-sealer.ts';
import { WorkerSealer } from './worker-sealer.ts';

jest.setTimeout(120_000);
const folder = temporaryFolders();
const bytes = seededBytes(12);
let home: string;
let source: string;
let fixture: VaultFixture;
let vault: LocalVault;

beforeEach(async () => {
  home = await folder('workers');
  source = join(home, 'source');
  mkdirSync(source);
  fixture = await vaultFixture(join(home, 'vault'), filePackStore(join(home, 'packs')));
  vault = await fixture.create();
});
const run = (options: Partial<BackupOptions> = {}) =>
  backup({ vault, folders: [source], host: 'h', user: 'u', workers: 2, workersFromBytes: 0, defaultExcludes: false, ...options });
async function expectRestored(): Promise<void> {
  const report = await restore({ ...(await fixture.reader(vault)), to: join(home, 'out'), conflict: 'fail' });
  expect(report.errors).toEqual([]);
  expect(await compareTrees(source, join(home, 'out', source))).toEqual([]);
}

describe('sealing threads', () => {
  it('fail the run, and not the process, when what is known already can not be looked up', async () => {
    writeFileSync(join(source, 'file'), bytes(100_000));
    // As when the index grows and there is no memory.
    jest.spyOn(vault.index, 'has').mockImplementation(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    try {
      await expect(run()).rejects.toMatchObject({ code: 'worker_failed', message: expect.stringContaining('allocation failed') });
    } finally {
      jest.restoreAllMocks();
    }
    await run();
    await expectRestored();
  });

  it.each([
    ['from the start', 0],
    ['taking over in the middle', 8_000_000],
  ])('give what one thread gives, each chunk stored once (%s)', async (_when, workersFromBytes) => {
    makeNastyTree(source, 3);
    const same = bytes(5_000_000);
    for (const name of ['same 1', 'same 2']) writeFileSync(join(source, name), same);
    for (let i = 0; i < 300; i += 1) writeFileSync(join(source, `file ${i}`), bytes(3000 + (i % 7)));
    const { snapshot } = await run({ workersFromBytes });
    const alone = await vaultFixture(join(home, 'alone'), filePackStore(join(home, 'other packs')));
    const other = await alone.create();
    const { snapshot: expected } = await backup({ vault: other, folders: [source], host: 'h', user: 'u', defaultExcludes: false });
    await other.close();
    const { newPacks: _p, newPackBytes: _b, durationMs: _d, ...stats } = expected.stats;
    expect(snapshot.stats).toMatchObject(stats);
    await expectRestored();
    expect((await run()).snapshot.stats).toMatchObject({ readBytes: 0, newPacks: 1 });
  });

  it('share one large file out, and give what one thread gives', async () => {
    // Cut nowhere in the middle, so that parts that begin there do not meet.
    const content = Buffer.concat([bytes(20_000_000), Buffer.alloc(30_000_000), bytes(20_000_000)]);
    writeFileSync(join(source, 'image'), content);
    // Each waits for who is to have a part of it: a thread may take long to start.
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    // oxlint-disable-next-line typescript/unbound-method -- called with their own `this` below
    const [here, there] = [FileSealer.prototype.sealPart, WorkerSealer.prototype.sealPart];
    let calls = 0;
    jest.spyOn(FileSealer.prototype, 'sealPart').mockImplementation(async function (this: FileSealer, ...args) {
      await first.promise;
      return here.apply(this, args);
    });
    jest.spyOn(WorkerSealer.prototype, 'sealPart').mockImplementation(async function (this: WorkerSealer, ...args) {
      calls += 1;
      if (calls === 1) first.resolve();
      if (calls === 2) second.resolve();
      await second.promise;
      return there.apply(this, args);
    });
    let snapshot;
    try {
      ({ snapshot } = await run());
    } finally {
      jest.restoreAllMocks();
    }
    const alone = await vaultFixture(join(home, 'alone'), filePackStore(join(home, 'other packs')));
    const other = await alone.create();
    const { snapshot: expected } = await backup({ vault: other, folders: [source], host: 'h', user: 'u', defaultExcludes: false });
    await other.close();
    const { files, bytes: all, readBytes, changedFiles, errors } = expected.stats;
    expect(snapshot.stats).toMatchObject({ files, bytes: all, readBytes, changedFiles, errors });
    await expectRestored();
    expect((await run()).snapshot.stats).toMatchObject({ readBytes: 0, newPacks: 1 });
  });

  // A priority is a thread's on Linux only.
  (process.platform === 'linux' ? it : it.skip)('give way when they are to, and never this thread, which serves restores too', async () => {
    // Five batches: the second thread finds something to do, however late it starts.
    for (let i = 0; i < 40; i += 1) writeFileSync(join(source, `file ${i}`), bytes(1_000_000));
    /** Nice values by thread: the 17th of the fields behind the name, which may have blanks. */
    const priorities = (): Map<string, number> =>
      new Map(
        readdirSync('/proc/self/task').flatMap((thread) => {
          try {
            const fields = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
              .replace(/^.*\) /, '')
              .split(' ');
            return [[thread, Number(fields[16])] as const];
          } catch {
            // It ended meanwhile.
            return [];
          }
        }),
      );
    const before = priorities();
    const own = before.get(String(process.pid))!;
    // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
    const { seal } = WorkerSealer.prototype;
    for (const giveWay of [false, true]) {
      // Looked at while both are there: one that starts late may have nothing to do, and be gone at once.
      const asked = new Set<WorkerSealer>();
      const during = Promise.withResolvers<Map<string, number>>();
      const spy = jest.spyOn(WorkerSealer.prototype, 'seal').mockImplementation(async function (this: WorkerSealer, jobs) {
        asked.add(this);
        if (asked.size === 2) during.resolve(priorities());
        await during.promise;
        return seal.call(this, jobs);
      });
      try {
        await run({ giveWay, readAll: true });
      } finally {
        spy.mockRestore();
      }
      const seen = await during.promise;
      // Where the tests themselves have given way, nobody can any further.
      const lowered = [...seen].filter(([thread, nice]) => nice === 10 && nice > own && before.get(thread) !== 10);
      expect(lowered).toHaveLength(giveWay && own < 10 ? 2 : 0);
      expect(seen.get(String(process.pid))).toBe(own);
    }
  });

  it('that die end the run, and the next one goes on', async () => {
    for (let i = 0; i < 40; i += 1) writeFileSync(join(source, `file ${i}`), bytes(1_000_000));
    const send = Object.getOwnPropertyDescriptor(Worker.prototype, 'postMessage')!.value as (this: Worker, ...message: unknown[]) => void;
    let messages = 0;
    const spy = jest.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, ...message) {
      messages += 1;
      if (messages === 12) void this.terminate();
      else send.apply(this, message);
    });
    await expect(run()).rejects.toMatchObject({ code: 'worker_failed', status: 'temporary' });
    spy.mockRestore();
    expect(vault.head.snapshots).toHaveLength(0);
    expect(readdirSync(join(home, 'packs', 'staging'))).toEqual([]);
    const { snapshot } = await run();
    expect(snapshot.stats.files).toBe(40);
    await expectRestored();
  });

  it('are as many as the memory allows', async () => {
    writeFileSync(join(source, 'file'), bytes(100_000));
    // Each is ended once.
    const spy = jest.spyOn(Worker.prototype, 'terminate');
    await run({ memoryBytes: 200 * 1024 * 1024 });
    expect(spy).not.toHaveBeenCalled();
    await run({ memoryBytes: 204 * 1024 * 1024, readAll: true });
    expect(spy).toHaveBeenCalledTimes(1);
    await run({ memoryBytes: 1024 * 1024 * 1024, readAll: true });
    expect(spy).toHaveBeenCalledTimes(3);
    spy.mockRestore();
  });

  it.each([0, 2])('with %i of them progress goes on while one large file is sealed, and never runs ahead', async (workers) => {
    const size = 48 * 1024 * 1024;
    writeFileSync(join(source, 'large'), bytes(size));
    const seen: number[] = [];
    await run({
      workers,
      onProgress: ({ phase, bytesDone }) => void (phase === 'transfer' && seen.push(bytesDone)),
      progressIntervalMs: 0,
    });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.some((done) => done > 0 && done < size)).toBe(true);
    expect(seen.at(-1)).toBeLessThanOrEqual(size);
  });

  it('stop at the signal and keep what they sealed', async () => {
    for (let i = 0; i < 1_500; i += 1) writeFileSync(join(source, `file ${i}`), bytes(10_000));
    const stop = new AbortController();
    const stopping = run({
      signal: stop.signal,
      onProgress: ({ filesDone }) => void (filesDone > 200 && stop.abort()),
      progressIntervalMs: 0,
    });
    await expect(stopping).rejects.toMatchObject({ code: 'interrupted' });
    const { snapshot } = await run();
    expect(snapshot.stats.newChunks).toBeLessThan(1_500);
    await expectRestored();
  });

  it('end a run with the error of the store, and the next one goes on', async () => {
    await vault.close();
    for (let i = 0; i < 100; i += 1) writeFileSync(join(source, `file ${i}`), bytes(100_000));
    const files = faultyFiles(nodeFiles, { fullAt: 12 });
    vault = await fixture.open({ files, store: filePackStore(join(home, 'packs'), files) });
    await expect(run()).rejects.toMatchObject({ code: 'disk_full' });
    files.freeSpace();
    await run();
    await expectRestored();
  });
});
