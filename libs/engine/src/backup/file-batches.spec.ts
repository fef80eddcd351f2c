import { describe, expect, it } from '@jest/globals';
import { FileBatches, type SealBatch } from './file-batches.ts';
import type { FileOutcome } from './sealer.ts';

const seen = { kind: 'file', sizeBytes: 1000, allocatedBytes: 4096, mtimeNs: 1n, ctimeNs: 2n, device: 3n, inode: 4n } as const;
const job = { path: Buffer.from('/file'), seen };
const taker = { sealed: () => undefined, failed: () => undefined };
const outcome = { problem: { path: '/file', code: 'test', message: 'test' } } satisfies FileOutcome;
const gone = new Error('no thread');

/** A sealer that counts its files. */
function counting(): { files: number; readonly seal: SealBatch } {
  const sealer = {
    files: 0,
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
    const batches = new FileBatches(first.seal, {
      fromBytes: 1,
      start: () => [{ ready: ready.promise, seal: thread.seal }],
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
    const batches = new FileBatches(counting().seal, {
      fromBytes: 1,
      start: () => [{ ready: ready.promise, seal: counting().seal }],
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
    const batches = new FileBatches(first.seal, {
      fromBytes,
      start: () => [{ ready: later().then(() => Promise.reject(gone)), seal: () => Promise.reject(gone) }],
      retireFirst: () => Promise.reject(gone),
    });
    await files(batches, 1_000);
    await batches.finish();
    expect(first.files).toBe(1_000);
  });

  it('fail when what the first sealer had could not be stored', async () => {
    const batches = new FileBatches(counting().seal, {
      fromBytes: 0,
      start: () => [{ ready: Promise.resolve(), seal: counting().seal }],
      retireFirst: () => Promise.reject(gone),
    });
    await expect(files(batches, 10).then(() => batches.finish())).rejects.toBe(gone);
  });
});
