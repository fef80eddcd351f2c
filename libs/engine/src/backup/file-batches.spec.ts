import { describe, expect, it } from '@jest/globals';
import { type BatchSealer, FileBatches, type SealBatch } from './file-batches.ts';
import { PartCell, type PartJob, type SealedPart } from './file-part.ts';
import type { FileJob, FileOutcome } from './sealer.ts';

const seen = { kind: 'file', sizeBytes: 1000, allocatedBytes: 4096, mtimeNs: 1n, ctimeNs: 2n, device: 3n, inode: 4n } as const;
const job = { path: Buffer.from('/file'), seen };
const taker = { sealed: () => undefined, failed: () => undefined };
const outcome = { problem: { path: '/file', code: 'test', message: 'test' } } satisfies FileOutcome;
const gone = new Error('no thread');

const noParts = () => Promise.reject(new Error('no part was expected'));

/** A sealer that counts its files. */
function counting(): BatchSealer & { files: number } {
  const sealer = {
    files: 0,
    sealPart: noParts,
    seal: async (jobs: Parameters<SealBatch>[0]) => {
      sealer.files += jobs.length;
      return jobs.map(() => outcome);
    },
  };
  return sealer;
}
const later = () => new Promise((resolve) => setImmediate(resolve));

describe('file batches', () => {
  const files = async (batches: FileBatches, count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      await batches.room();
      batches.submit(job, taker);
    }
  };

  it('stay with the first sealer until a thread is ready, and then give its memory back once', async () => {
    const [first, thread] = [counting(), counting()];
    const ready = Promise.withResolvers<void>();
    let retired = 0;
    const batches = new FileBatches(first, {
      fromBytes: 1,
      start: () => [{ ready: ready.promise, seal: thread.seal, sealPart: noParts }],
      retireFirst: async () => void (retired += 1),
    });
    await files(batches, 1_000);
    batches.nudge();
    while (first.files < 1_000) await later();
    expect([thread.files, retired]).toEqual([0, 0]);
    ready.resolve();
    await later();
    await files(batches, 1_000);
    await batches.finish();
    expect([first.files, thread.files, retired]).toEqual([1_000, 1_000, 1]);
  });

  it('leave the first sealer alone when a thread is ready only after the end: it is being flushed', async () => {
    const ready = Promise.withResolvers<void>();
    let retired = 0;
    const batches = new FileBatches(counting(), {
      fromBytes: 1,
      start: () => [{ ...counting(), ready: ready.promise }],
      retireFirst: async () => void (retired += 1),
    });
    await files(batches, 1_000);
    await batches.finish();
    ready.resolve();
    await later();
    expect(retired).toBe(0);
  });

  it.each([0, 1])('do without a thread that does not start (from %i bytes on)', async (fromBytes) => {
    const first = counting();
    const batches = new FileBatches(first, {
      fromBytes,
      start: () => [{ ready: later().then(() => Promise.reject(gone)), seal: () => Promise.reject(gone), sealPart: noParts }],
      retireFirst: () => Promise.reject(gone),
    });
    await files(batches, 1_000);
    await batches.finish();
    expect(first.files).toBe(1_000);
  });

  it('fail when what the first sealer had could not be stored', async () => {
    const batches = new FileBatches(counting(), {
      fromBytes: 0,
      start: () => [{ ...counting(), ready: Promise.resolve() }],
      retireFirst: () => Promise.reject(gone),
    });
    await expect(files(batches, 10).then(() => batches.finish())).rejects.toBe(gone);
  });
});

const MiB = 2 ** 20;
const largeJob: FileJob = { path: Buffer.from('/large'), seen: { ...seen, sizeBytes: 256 * MiB, allocatedBytes: 256 * MiB } };
const facts = { ...largeJob.seen, mode: 0o644, uid: 0, gid: 0, birthtimeNs: 0n, links: 1, deviceNumber: 0n };

/** Seals a mebibyte a turn: each is a chunk, whose id begins with its number. */
function bySteps(): BatchSealer & { readonly parts: PartJob[]; steps: number; readonly sealed: FileJob[] } {
  const parts: PartJob[] = [];
  const sealed: FileJob[] = [];
  const sealer = {
    ...{ parts, sealed, steps: 0 },
    seal: async (jobs: readonly FileJob[]) => {
      sealed.push(...jobs);
      return jobs.map(() => outcome);
    },
    async sealPart(part: PartJob): Promise<SealedPart> {
      parts.push(part);
      const cell = new PartCell(part.cell);
      const ends: number[] = [];
      const start = Math.ceil(part.from / MiB) * MiB;
      for (let at = start; at < cell.end; at += MiB) {
        await later();
        sealer.steps += 1;
        ends.push(at + MiB);
        cell.reach(at + MiB);
      }
      const ids = new Uint8Array(ends.length * 32);
      ends.forEach((end, i) => (ids[i * 32] = end / MiB - 1));
      return {
        facts: { ...facts, ...part.seen },
        unfit: false,
        start,
        ends: Float64Array.from(ends),
        ids,
        newChunks: ends.length,
        attributes: [],
      };
    },
  };
  return sealer;
}

describe('a very large file', () => {
  const outcomeOf = () => {
    const { promise, resolve, reject } = Promise.withResolvers<FileOutcome>();
    promise.catch(() => undefined);
    let told = 0;
    const taker = { sealed: (one: FileOutcome) => void (told++, resolve(one)), failed: (error: unknown) => void (told++, reject(error)) };
    return { taker, promise, told: () => told };
  };
  const threads = (sealers: readonly BatchSealer[], ready: Promise<void> = Promise.resolve(), fromBytes = 0) => ({
    fromBytes,
    start: () => sealers.map(({ seal, sealPart }) => ({ ready, seal, sealPart })),
    retireFirst: async () => undefined,
  });

  it('is shared out evenly among threads that have nothing else to do, each chunk once and in order', async () => {
    const sealers = [bySteps(), bySteps(), bySteps()];
    const batches = new FileBatches(counting(), threads(sealers));
    const { taker, promise, told } = outcomeOf();
    await later();
    batches.submit(largeJob, taker);
    await batches.finish();
    const sealed = await promise;
    expect(sealed).toMatchObject({ sizeBytes: 256 * MiB, readBytes: 256 * MiB, newChunks: 256, changedWhileRead: false });
    expect(Array.from((sealed as { ids: Uint8Array }).ids).filter((_, i) => i % 32 === 0)).toEqual(
      Array.from({ length: 256 }, (_, i) => i),
    );
    expect(told()).toBe(1);
    for (const { steps } of sealers) expect(steps).toBeGreaterThan(256 / 3 - 12);
  });

  it('is taken from the first sealer when threads are ready, so that its memory can be given back', async () => {
    const [first, thread] = [bySteps(), bySteps()];
    const ready = Promise.withResolvers<void>();
    const batches = new FileBatches(first, threads([thread], ready.promise, 1));
    const { taker, promise } = outcomeOf();
    batches.submit(largeJob, taker);
    while (first.steps < 20) await later();
    ready.resolve();
    await batches.finish();
    expect(await promise).toMatchObject({ newChunks: 256 });
    expect(first.steps).toBeLessThan(32);
    expect(thread.steps).toBe(256 - first.steps);
  });

  it('stays with one while there are other files for the others', async () => {
    const [one, two] = [bySteps(), bySteps()];
    const batches = new FileBatches(counting(), threads([one, two]));
    const takers = Array.from({ length: 6 }, outcomeOf);
    await later();
    for (const { taker } of takers) {
      await batches.room();
      batches.submit({ ...largeJob, seen: { ...largeJob.seen, sizeBytes: 40 * MiB } }, taker);
    }
    await batches.finish();
    for (const { promise } of takers) expect(await promise).toMatchObject({ newChunks: 40 });
    // The first before there was a second, and the last for whoever was done first.
    expect(one.parts.length + two.parts.length).toBeLessThanOrEqual(8);
  });

  it.each([
    ['changed meanwhile', { unfit: true }],
    ['is another one by now', { facts: { ...facts, inode: 99n } }],
  ])('is sealed by one, once, when a part %s', async (_what, odd) => {
    const [one, two] = [bySteps(), bySteps()];
    const batches = new FileBatches(
      counting(),
      threads([one, { ...two, sealPart: async (part) => ({ ...(await two.sealPart(part)), ...odd }) }]),
    );
    const { taker, promise, told } = outcomeOf();
    await later();
    batches.submit(largeJob, taker);
    await batches.finish();
    expect(await promise).toBe(outcome);
    expect([...one.sealed, ...two.sealed]).toEqual([{ ...largeJob, readInVain: 256 * MiB }]);
    expect(told()).toBe(1);
  });

  it('fails the run, and its taker hears of that once, when a thread fails at its part', async () => {
    const [one, two] = [bySteps(), bySteps()];
    const batches = new FileBatches(counting(), threads([one, { ...two, sealPart: () => later().then(() => Promise.reject(gone)) }]));
    const { taker, promise, told } = outcomeOf();
    await later();
    batches.submit(largeJob, taker);
    await expect(batches.finish()).rejects.toBe(gone);
    await expect(promise).rejects.toBe(gone);
    expect(told()).toBe(1);
  });
});
