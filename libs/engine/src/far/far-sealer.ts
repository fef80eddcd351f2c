import { ChunkCutter } from '../backup/chunk-cutter.ts';
import { ChunkSealer, type ChunkSealerOptions } from '../backup/chunk-sealer.ts';
import { sameState } from '../backup/file-state.ts';
import type { FileOutcome, SealedFile } from '../backup/sealer.ts';
import { isRunFailure } from '../backup/store-failure.ts';
import { sealStream, type StreamedFile } from '../backup/stream-sealer.ts';
import type { StopSignal } from '../errors.ts';
import { problemOf } from '../file-problem.ts';
import type { FarFile } from './far-file.ts';
import type { FarReader } from './far-reader.ts';

/** Seals files of far mounts one at a time, from what another process reads. Has its own open packs. Memory: the cutter's and the chunk sealer's. */
export class FarSealer {
  readonly #cutter: ChunkCutter;
  readonly #sealer: ChunkSealer;

  constructor(options: ChunkSealerOptions) {
    this.#cutter = new ChunkCutter(options.vault, options.primitives);
    this.#sealer = new ChunkSealer(options);
  }

  /** A file that can't be read is an outcome; only the store and the signal make it throw. */
  async seal(path: Buffer, far: FarReader, signal: StopSignal | undefined): Promise<FileOutcome> {
    try {
      const sealed = await this.#readTwiceIfChanged(path, far, signal);
      await this.#sealer.flushIfOld();
      return sealed;
    } catch (error) {
      if (isRunFailure(error)) throw error;
      return { problem: problemOf(path, error) };
    }
  }

  /** Closes the open packs. */
  flush(): Promise<void> {
    return this.#sealer.flush();
  }

  close(): Promise<void> {
    return this.#sealer.discard();
  }

  async #readTwiceIfChanged(path: Buffer, far: FarReader, signal: StopSignal | undefined): Promise<SealedFile> {
    let readBytes = 0;
    for (let attempt = 1; ; attempt += 1) {
      const file = await far.open(path);
      const { facts: before, ranges } = file;
      const { ids, newChunks, contentBytes } = await this.#sealContent(file, signal);
      const { facts: after, found, short } = await file.end();
      readBytes += contentBytes;
      const changedWhileRead = short || !sameState(before, after);
      if (changedWhileRead && attempt === 1) continue;
      // A dense file that became shorter is stored as long as it was read.
      const sizeBytes = ranges ? before.sizeBytes : contentBytes;
      return { facts: before, sizeBytes, ids, dataRanges: ranges, ...found, changedWhileRead, readBytes, newChunks };
    }
  }

  async #sealContent(file: FarFile, signal: StopSignal | undefined): Promise<StreamedFile> {
    try {
      return await sealStream(file, this.#cutter, this.#sealer, signal);
    } catch (error) {
      await file.end().catch(() => undefined);
      throw error;
    }
  }
}
