import type { Primitives } from '#libs/crypto';
import { type Chunker, type ChunkIds, createChunker, createChunkIds } from '#libs/vault/sealing';
import type { ChunkRun } from './chunk-run.ts';
import { backupLimits } from './limits.ts';
import type { SealerVault } from './sealer.ts';

/** The buffer that a thread reads files into, and what cuts them there into chunks with their ids. Memory: the buffer, 8 MiB by default. */
export class ChunkCutter {
  readonly buffer: Uint8Array;
  /** Cutting that begins this much before an offset, anywhere, nearly always cuts there as cutting from the start of the file does. */
  readonly resyncBytes: number;
  readonly #chunker: Chunker;
  readonly #ids: ChunkIds;

  constructor({ keys, parameters }: Pick<SealerVault, 'keys' | 'parameters'>, primitives: Primitives, bufferBytes?: number) {
    this.#ids = createChunkIds(primitives, keys.chunkId);
    this.#chunker = createChunker(
      primitives,
      keys.gear,
      { minBytes: parameters.chunkMinBytes, avgBytes: parameters.chunkAvgBytes, maxBytes: parameters.chunkMaxBytes },
      { bufferBytes: bufferBytes ?? backupLimits.streamBytes + Math.max(parameters.chunkMaxBytes, backupLimits.wholeFileBytes) },
    );
    this.buffer = this.#chunker.buffer;
    this.resyncBytes = backupLimits.resyncChunks * parameters.chunkAvgBytes;
  }

  /**
   * Cuts [start, end) of the buffer, adds the chunks to `into` and gives where the rest begins that needs what comes after it to be cut; `end` when
   * `final`: nothing comes after. `isLast` is asked where each chunk ends, and ends the cutting there.
   */
  cut(start: number, end: number, final: boolean, into: ChunkRun, isLast?: (cut: number) => boolean): number {
    while (start < end) {
      const cut = this.#chunker.nextCut(this.buffer, start, end, final);
      if (cut < 0) break;
      into.push(this.#ids.of('data', this.buffer.subarray(start, cut)), start, cut);
      start = cut;
      if (isLast?.(cut)) break;
    }
    return start;
  }

  /** The same for chunks that nobody wants, up to the first that ends at or after `to`. */
  pass(start: number, end: number, final: boolean, to: number): number {
    while (start < end && start < to) {
      const cut = this.#chunker.nextCut(this.buffer, start, end, final);
      if (cut < 0) break;
      start = cut;
    }
    return start;
  }
}
