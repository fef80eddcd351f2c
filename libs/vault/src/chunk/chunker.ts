import type { Primitives } from '#libs/crypto';
import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';
import { gearTable } from './gear.ts';
import { gearWindow, plainGearScan } from './gear-scan.ts';
import { wasmGearScan } from './wasm-gear-scan.ts';

/** Chunk sizes in bytes. `avgBytes` is a power of two; `minBytes` < `avgBytes` < `maxBytes`. */
export interface ChunkerParameters {
  readonly minBytes: number;
  readonly avgBytes: number;
  readonly maxBytes: number;
}

export interface ChunkerOptions {
  /** Size of {@link Chunker.buffer}; default 0. */
  readonly bufferBytes?: number;
  /** Scan in plain JavaScript even where WebAssembly could. Default false. */
  readonly portable?: boolean;
}

export interface Chunker {
  readonly parameters: ChunkerParameters;
  /** Memory to read files into: what lies in it is scanned in place, anything else is copied first. */
  readonly buffer: Uint8Array;
  /**
   * Where the chunk that starts at `start` ends (exclusive), or -1 when that needs more bytes than those before `end`.
   * `final`: nothing comes after `end`. Keeps no state: ask again with the same start and more bytes, best when at least
   * `maxBytes` (or the end of the file) are there, so that nothing is scanned twice. Allocates nothing but a view.
   */
  nextCut(buffer: Uint8Array, start: number, end: number, final: boolean): number;
}

/** Throws `limit_exceeded` for sizes that the format does not allow. */
export function assertChunkerParameters({ minBytes, avgBytes, maxBytes }: ChunkerParameters): void {
  const sound =
    [minBytes, avgBytes, maxBytes].every(Number.isSafeInteger) &&
    minBytes >= 2 * gearWindow &&
    minBytes < avgBytes &&
    avgBytes < maxBytes &&
    avgBytes >= 1024 &&
    maxBytes <= limits.dataChunkBytes &&
    Number.isInteger(Math.log2(avgBytes));
  if (!sound) throw new VaultError('limit_exceeded', `chunk sizes ${minBytes}/${avgBytes}/${maxBytes} are not allowed`);
}

/** The low byte, which a prefilter tests, and the highest bits, which depend on most bytes of the window. */
function gearMask(bits: number): number {
  const high = bits - 8;
  // Shifting by 32 would shift by nothing.
  return high === 0 ? 0xff : 0xff | (0xffff_ffff << (32 - high));
}

/**
 * FastCDC with normalised chunking, level 2 (Xia et al., USENIX ATC 2016), on the vault's own gear table: a cut is two
 * bits harder than average below `avgBytes`, two bits easier from there on, and forced at `maxBytes`.
 */
export function createChunker(
  primitives: Pick<Primitives, 'keyedBlake3'>,
  gearKey: Uint8Array,
  parameters: ChunkerParameters,
  options: ChunkerOptions = {},
): Chunker {
  assertChunkerParameters(parameters);
  const { minBytes, avgBytes, maxBytes } = parameters;
  const { bufferBytes = 0, portable = false } = options;
  const gear = gearTable(primitives, gearKey);
  const places = (portable ? undefined : wasmGearScan(gear, bufferBytes)) ?? plainGearScan(gear, bufferBytes);
  const bits = Math.log2(avgBytes);
  const strict = gearMask(bits + 2);
  const loose = gearMask(bits - 2);

  return {
    parameters,
    buffer: places.buffer,
    nextCut(source, start, end, final) {
      if (end - start > maxBytes) end = start + maxBytes;
      const length = end - start;
      const whole = final || length === maxBytes;
      if (length <= minBytes) return whole && length > 0 ? end : -1;
      // The earliest cut is after byte min-1, so the window of every hash lies in this chunk.
      const first = start + minBytes - 1;
      const turn = Math.min(end, start + avgBytes - 1);
      let cut = places.scan(source, first, turn, strict);
      if (cut < 0) cut = places.scan(source, turn, end, loose);
      if (cut >= 0) return cut + 1;
      return whole ? end : -1;
    },
  };
}
