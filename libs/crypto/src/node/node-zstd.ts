import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { checkZstdFrame, decompressFailed } from '../zstd-frame.ts';
import { type ReusedUnzstd, reusedUnzstd } from './reused-unzstd.ts';
import { compressBound, type ReusedZstd, reusedZstd, reusedZstdBytes } from './reused-zstd.ts';

/** node:zlib's own minimum. */
const minChunkSize = 64;
/** Default level: measured 360 MB/s on text; level 3 is a third slower for 4 % less. */
const defaultCompressionLevel = 1;

/** By level; undefined where it can't be had. */
const reused = new Map<number, ReusedZstd | undefined>();

/**
 * One frame that says its length. The result is to be sealed or copied at once: it is a view on a larger buffer, which the next call may use again.
 */
export function nodeCompress(data: Uint8Array, level: number = defaultCompressionLevel): Uint8Array {
  const allowed = Math.min(19, Math.max(1, Math.trunc(level)));
  if (!reused.has(allowed)) reused.set(allowed, reusedZstd(allowed));
  const compress = data.length <= reusedZstdBytes ? reused.get(allowed) : undefined;
  if (compress) return compress(data);
  const out = zstdCompressSync(data, {
    // At its upper bound, so that nothing is copied together.
    chunkSize: Math.max(minChunkSize, compressBound(data.length)),
    pledgedSrcSize: data.length,
    params: { [constants.ZSTD_c_compressionLevel]: allowed },
  });
  return new Uint8Array(out.buffer, out.byteOffset, out.length);
}

/** Undefined where it can't be had, null until somebody needs it. */
let unzstd: ReusedUnzstd | undefined | null = null;

/** See {@link Primitives.decompress}. */
export function nodeDecompress(data: Uint8Array, plainLength: number, into?: Uint8Array): Uint8Array {
  checkZstdFrame(data, plainLength);
  if (into && into.length < plainLength) throw decompressFailed('the memory for it is too short');
  if (unzstd === null) unzstd = reusedUnzstd();
  if (unzstd && plainLength > 0 && plainLength <= reusedZstdBytes)
    return withReused(unzstd, data, plainLength, into ? into.subarray(0, plainLength) : new Uint8Array(plainLength));
  let out: Buffer;
  try {
    // One byte more than needed: a buffer that is exactly full would make zlib take a second one.
    out = zstdDecompressSync(data, { chunkSize: Math.max(minChunkSize, plainLength + 1), maxOutputLength: Math.max(1, plainLength) });
  } catch {
    throw decompressFailed('the frame is damaged or longer than it says');
  }
  if (out.length !== plainLength) throw decompressFailed('the frame is shorter than it says');
  return new Uint8Array(out.buffer, out.byteOffset, out.length);
}

function withReused(reused: ReusedUnzstd, data: Uint8Array, plainLength: number, into: Uint8Array): Uint8Array {
  try {
    reused(data, plainLength, into);
  } catch {
    throw decompressFailed('the frame is damaged or not of the length that it says');
  }
  return into;
}
