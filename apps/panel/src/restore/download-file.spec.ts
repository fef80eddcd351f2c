import { describe, expect, it } from '@jest/globals';
import { downloadFile } from './download-file.ts';
import type { FileSink } from './file-sink.ts';

const place = { vaultId: 'v', sequence: 1, path: [] };

function worker(pieces: readonly (Uint8Array<ArrayBuffer> | Error)[]) {
  const calls: string[] = [];
  const left = [...pieces];
  const ask = async (method: string): Promise<never> => {
    calls.push(method);
    if (method === 'openFile') return { readId: 7, sizeBytes: 4 } as never;
    if (method === 'closeFile') return null as never;
    const next = left.shift();
    if (next instanceof Error) throw next;
    return (next ?? null) as never;
  };
  return { ask, calls };
}

function recordingSink(failAt = Infinity) {
  const log: string[] = [];
  const sink: FileSink = {
    write: async (bytes) => {
      if (log.length === failAt) throw new Error('disk full');
      log.push(`write ${[...bytes].join()}`);
    },
    finish: async () => void log.push('finish'),
    abandon: async () => void log.push('abandon'),
  };
  return { sink, log };
}

const run = async (pieces: readonly (Uint8Array<ArrayBuffer> | Error)[], failAt?: number, signal = new AbortController().signal) => {
  const { ask, calls } = worker(pieces);
  const { sink, log } = recordingSink(failAt);
  const shares: number[] = [];
  const error = await downloadFile(ask, place, sink, { signal, onProgress: (share) => shares.push(share) }).then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  return { calls, log, shares, error };
};

describe('downloading one file', () => {
  it('writes the pieces in order and only then finishes', async () => {
    const { log, shares, error } = await run([Uint8Array.of(1, 2), Uint8Array.of(3, 4)]);
    expect(error).toBeUndefined();
    expect(log).toEqual(['write 1,2', 'write 3,4', 'finish']);
    expect(shares).toEqual([0.5, 1]);
  });

  it('hands over nothing when a piece does not verify', async () => {
    const { log, calls, error } = await run([Uint8Array.of(1, 2), new Error('open_failed')]);
    expect(error?.message).toBe('open_failed');
    expect(log).toEqual(['write 1,2', 'abandon']);
    expect(calls.at(-1)).toBe('closeFile');
  });

  it('stops reading when the disk is full', async () => {
    const { log, calls, error } = await run([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)], 1);
    expect(error?.message).toBe('disk full');
    expect(log).toEqual(['write 1', 'abandon']);
    expect(calls.at(-1)).toBe('closeFile');
  });

  it('leaves nothing behind when it is given up', async () => {
    const stop = new AbortController();
    stop.abort();
    const { log, error } = await run([Uint8Array.of(1)], undefined, stop.signal);
    expect(error?.name).toBe('AbortError');
    expect(log).toEqual(['abandon']);
  });
});
