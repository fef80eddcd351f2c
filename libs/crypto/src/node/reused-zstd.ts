import { constants, createZstdCompress, zstdCompressSync, type ZstdCompress } from 'node:zlib';

/** Compresses one whole frame at a time into memory of its own. The result is a view that the next call overwrites. */
export type ReusedZstd = (data: Uint8Array) => Uint8Array;

/** What lies under node's stream: `writeSync` gives what is left of output and input in the stream's `_writeState`. */
interface StreamInside {
  readonly _handle: {
    writeSync(flush: number, input: Uint8Array, at: number, length: number, output: Uint8Array, outAt: number, outLength: number): void;
  };
  readonly _writeState: Uint32Array;
}

/** Larger data than this is rare, and a context a call costs it nothing. */
export const reusedZstdBytes = 4 * 1024 * 1024;

/** ZSTD_COMPRESSBOUND of zstd.h. */
export function compressBound(length: number): number {
  return length + (length >> 8) + (length < 128 * 1024 ? (128 * 1024 - length) >> 11 : 0) + 64;
}

/** Numbers that repeat now and then, so that levels differ on them. */
const sampleText = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * i * 7919) % 10_007).join(' '));

/**
 * One zstd context for many frames of at most {@link reusedZstdBytes}: node's own call makes a context and a buffer each time, which for a file of 4 KiB
 * takes longer than compressing it, and is most of a backup's garbage. Node has no public way to keep one, so this reaches under its stream; undefined
 * unless that gives exactly the bytes of the public call, so another version of node that differs is only slower.
 */
export function reusedZstd(level: number, open: (level: number) => ZstdCompress = openStream): ReusedZstd | undefined {
  try {
    const { _handle: handle, _writeState: left } = open(level) as unknown as StreamInside;
    const output = new Uint8Array(Buffer.allocUnsafeSlow(compressBound(reusedZstdBytes)).buffer);
    const compress: ReusedZstd = (data) => {
      handle.writeSync(constants.ZSTD_e_end, data, 0, data.length, output, 0, output.length);
      if (left[1] !== 0) throw new Error('zstd left input behind');
      return output.subarray(0, output.length - left[0]!);
    };
    const samples = [1, 3000, 70_000, 0].map((length) => sampleText.subarray(0, length));
    return samples.every((sample) => Buffer.compare(compress(sample), publicCall(sample, level)) === 0) ? compress : undefined;
  } catch {
    return undefined;
  }
}

function publicCall(data: Uint8Array, level: number): Buffer {
  return zstdCompressSync(data, { pledgedSrcSize: data.length, params: { [constants.ZSTD_c_compressionLevel]: level } });
}

function openStream(level: number): ZstdCompress {
  return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } });
}
