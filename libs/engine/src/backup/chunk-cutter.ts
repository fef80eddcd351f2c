import type { Primitives } from '#libs/crypto';
import { type Chunker, type ChunkIds, createChunker, createChunkIds } from '#libs/vault/sealing';
import type { ChunkRun } from './chunk-run.ts';
import { backupLimits } from './limits.ts';
import type { SealerVault } from './sealer.ts';

/** The buffer that a thread reads files into, and what cuts them there into chunks with their ids. Memory: 8 MiB. */
export class ChunkCutter {
  readonly buffer: Uint8Array;
  readonly #chunker: Chunker;
  readonly #ids: ChunkIds;

  constructor({ keys, parameters }: SealerVault, primitives: Primitives) {
    this.#ids = createChunkIds(primitives, keys.chunkId);
    this.#chunker = createChunker(
      primitives,
      keys.gear,
      { minBytes: parameters.chunkMinBytes, avgBytes: parameters.chunkAvgBytes, maxBytes: parameters.chunkMaxBytes },
      { bufferBytes: backupLimits.streamBytes + Math.max(parameters.chunkMaxBytes, backupLimits.wholeFileBytes) },
    );
    this.buffer = this.#chunker.buffer;
  }

  /**
   * Cuts [start, end) of the buffer, adds the chunks to `into` and gives where the rest begins that needs what comes after it to be cut; `end` when
   * `final`: nothing comes after.
   */
  cut(start: number, end: number, final: boolean, into: ChunkRun): number {
    while (start < end) {
      const cut = this.#chunker.nextCut(this.buffer, start, end, final);
      if (cut < 0) break;
      into.push(this.#ids.of('data', this.buffer.subarray(start, cut)), start, cut);
      start = cut;
    }
    return start;
  }
}
