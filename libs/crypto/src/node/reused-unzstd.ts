import { constants, createZstdDecompress, type ZstdDecompress, zstdCompressSync } from 'node:zlib';

/**
 * Decompresses one whole frame into the first `plainLength` bytes of `into`. Throws when the frame is damaged or has another length.
 */
export type ReusedUnzstd = (data: Uint8Array, plainLength: number, into: Uint8Array) => void;

/** What lies under node's stream, see {@link file://./reused-zstd.ts}. `onerror` hears of a frame that is damaged, before `writeSync` returns. */
interface StreamInside {
  readonly _handle: {
    writeSync(flush: number, input: Uint8Array, at: number, length: number, output: Uint8Array, outAt: number, outLength: number): void;
    onerror: (message: string) => void;
  };
  readonly _writeState: Uint32Array;
}

const samples = ['h', 'herring '.repeat(500), Array.from({ length: 40_000 }, (_, i) => i * i).join(' ')].map((text) => Buffer.from(text));

/**
 * One zstd context for many frames: node's own call makes a stream, a context and a buffer each time, which for a file of 8 KiB takes five times
 * as long as decompressing it. As for compression node has no public way to keep one; undefined unless it gives back a few samples and notices a
 * damaged one. After a frame that fails the context is thrown away, so none is ever begun in the middle of another: callers see to it that a
 * frame is whole ({@link checkZstdFrame}).
 */
export function reusedUnzstd(open: () => ZstdDecompress = openStream): ReusedUnzstd | undefined {
  let stream: ReturnType<typeof opened> | undefined;
  const unzstd: ReusedUnzstd = (data, plainLength, into) => {
    stream ??= opened(open);
    const { handle, left, failure } = stream;
    handle.writeSync(constants.ZSTD_e_end, data, 0, data.length, into, 0, plainLength);
    if (failure.message === undefined && left[1] === 0 && left[0] === 0) return;
    stream = undefined;
    throw new Error(failure.message ?? 'the frame has another length');
  };
  try {
    return samples.every((sample) => givesBack(unzstd, sample)) && noticesDamage(unzstd, samples[1]!) ? unzstd : undefined;
  } catch {
    return undefined;
  }
}

function opened(open: () => ZstdDecompress): {
  handle: StreamInside['_handle'];
  left: Uint32Array;
  failure: { message: string | undefined };
} {
  const inside = open() as unknown as StreamInside;
  const failure: { message: string | undefined } = { message: undefined };
  inside._handle.onerror = (message) => void (failure.message = message);
  return { handle: inside._handle, left: inside._writeState, failure };
}

function givesBack(unzstd: ReusedUnzstd, sample: Buffer): boolean {
  const into = new Uint8Array(sample.length);
  unzstd(zstdCompressSync(sample), sample.length, into);
  return sample.equals(into);
}

function noticesDamage(unzstd: ReusedUnzstd, sample: Buffer): boolean {
  const frame = zstdCompressSync(sample, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  frame[frame.length - 1]! ^= 1;
  try {
    unzstd(frame, sample.length, new Uint8Array(sample.length));
    return false;
  } catch {
    return givesBack(unzstd, sample);
  }
}

function openStream(): ZstdDecompress {
  return createZstdDecompress();
}
