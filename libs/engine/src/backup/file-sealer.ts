import { isAppError } from '#libs/kernel';
import { EngineError, throwIfInterrupted, type StopSignal } from '../errors.ts';
import type { FileFacts, OpenFile, Platform } from '../platform/index.ts';
import { displayPath } from '../platform/index.ts';
import { problemOf } from '../file-problem.ts';
import { Turns } from '../turns.ts';
import { ChunkCutter } from './chunk-cutter.ts';
import { ChunkRun } from './chunk-run.ts';
import { ChunkSealer, type ChunkSealerOptions } from './chunk-sealer.ts';
import type { PartJob, PartOutcome } from './file-part.ts';
import { type ContentPlan, ContentStream, planContent } from './file-content.ts';
import { pastItsTick, sameFile, sameState, tickLeftMs } from './file-state.ts';
import { backupLimits } from './limits.ts';
import { sealPart } from './part-sealer.ts';
import { readAttributes } from './read-attributes.ts';
import type { FileJob, FileOutcome, SealedFile, Sealer, SeenFile } from './sealer.ts';
import { isRunFailure } from './store-failure.ts';
import { type StreamedFile, sealStream } from './stream-sealer.ts';

/** A file that was read and has its chunks among those that wait for the batch's look-up, or is sealed already. */
interface ReadFile {
  readonly sealed: Omit<SealedFile, 'ids' | 'newChunks'>;
  readonly chunks: number;
  readonly streamed?: StreamedFile;
}

/**
 * Read → chunk → id → known? → compress, seal, pack, for a batch of files. Shares nothing: one instance a thread, with its own open packs. Memory: the
 * cutter's and the chunk sealer's.
 */
export class FileSealer implements Sealer {
  readonly #platform: Platform;
  readonly #cutter: ChunkCutter;
  readonly #sealer: ChunkSealer;
  readonly #turns = new Turns();
  /** Whole files of the batch whose chunks are still to be looked up: these, one file's after the other's. Their bytes fill the buffer up to `#held`. */
  #waiting: { readonly file: ReadFile; readonly done: (outcome: FileOutcome) => void }[] = [];
  readonly #chunks = new ChunkRun();
  #held = 0;

  constructor(options: ChunkSealerOptions & { readonly platform: Platform }) {
    this.#platform = options.platform;
    this.#cutter = new ChunkCutter(options.vault, options.primitives);
    this.#sealer = new ChunkSealer(options);
  }

  /** One outcome a job, in order. A file that can't be read is an outcome; only the store and the signal make it throw. */
  async seal(jobs: readonly FileJob[], signal?: StopSignal): Promise<FileOutcome[]> {
    const outcomes: FileOutcome[] = [];
    this.#waiting = [];
    this.#empty();
    for (const [i, job] of jobs.entries()) {
      throwIfInterrupted(signal);
      if (this.#turns.isOver) await this.#turns.maybeYield();
      try {
        const reading = this.#readFile(job, signal);
        const file = reading instanceof Promise ? await reading : reading;
        this.#waiting.push({ file, done: (outcome) => (outcomes[i] = outcome) });
      } catch (error) {
        if (isRunFailure(error)) throw error;
        outcomes[i] = { problem: problemOf(job.path, error) };
      }
    }
    await this.#sealWaiting(signal);
    await this.#sealer.flushIfOld();
    return outcomes;
  }

  /** A part of a large file. What can't be read is an outcome here, too. */
  async sealPart(job: PartJob, signal?: StopSignal): Promise<PartOutcome> {
    try {
      const part = await sealPart(job, { platform: this.#platform, cutter: this.#cutter, sealer: this.#sealer }, signal);
      await this.#sealer.flushIfOld();
      return part;
    } catch (error) {
      if (isRunFailure(error)) throw error;
      return { problem: problemOf(job.path, error) };
    }
  }

  /** Closes the open packs. */
  flush(): Promise<void> {
    return this.#sealer.flush();
  }

  close(): Promise<void> {
    return this.#sealer.discard();
  }

  /** Opens, reads and closes. The usual case, a small file that nobody is writing to, waits for nothing. */
  #readFile(job: FileJob, signal: StopSignal | undefined): ReadFile | Promise<ReadFile> {
    const file = this.#platform.openToRead(job.path);
    let first: ReadFile | number;
    try {
      first = this.#tryAtOnce(job, file);
    } catch (error) {
      file.close();
      throw error;
    }
    if (typeof first === 'number') return this.#readTwiceIfChanged(job, file, first + (job.readInVain ?? 0), signal);
    file.close();
    return first;
  }

  /**
   * One look at the file, after it was read: it is the file that the scan saw, and as it was then, so what was read is what the scan's facts say. The number of bytes
   * that were read in vain when it is not, or when it is too large for that, or changed just now.
   */
  #tryAtOnce({ path, seen }: FileJob, file: OpenFile): ReadFile | number {
    if (tickLeftMs(seen) > 0) return 0;
    const plan = planContent(file, seen);
    if (plan.contentBytes > Math.min(backupLimits.wholeFileBytes, this.#room)) return 0;
    let length = 0;
    try {
      const stream = new ContentStream(file, plan);
      length = this.#readWhole(stream, plan);
      if (stream.short || !sameFile(seen, file.facts())) return length;
    } catch (error) {
      // It may be something else by now, which says so when it is looked at first; and what can't be read fails again.
      if (isAppError(error)) return length;
      throw error;
    }
    return this.#hold(length, { ...sealedAs(undefined, seen, plan, length), ...readAttributes(this.#platform, path, file) });
  }

  /** Closes the file. `readInVain`: bytes of a first try. */
  async #readTwiceIfChanged(job: FileJob, file: OpenFile, readInVain: number, signal: StopSignal | undefined): Promise<ReadFile> {
    try {
      let readBytes = readInVain;
      for (let attempt = job.readInVain ? 2 : 1; ; attempt += 1) {
        const before = file.facts();
        if (before.kind !== 'file') throw new EngineError('file_changed', `${displayPath(job.path)}: is no regular file any more`);
        await pastItsTick(before);
        const plan = planContent(file, before);
        const stream = new ContentStream(file, plan);
        const large = plan.contentBytes > backupLimits.wholeFileBytes;
        // A large one takes the whole buffer.
        if (large || plan.contentBytes > this.#room) await this.#sealWaiting(signal);
        const streamed = large ? await sealStream(stream, this.#cutter, this.#sealer, signal) : undefined;
        const length = streamed ? streamed.contentBytes : this.#readWhole(stream, plan);
        readBytes += length;
        const changedWhileRead = stream.short || !sameState(before, file.facts());
        if (changedWhileRead && attempt < 2) continue;
        const found = readAttributes(this.#platform, job.path, file);
        const sealed = { ...sealedAs(before, before, plan, length), ...found, readBytes, changedWhileRead };
        return streamed ? { sealed, chunks: 0, streamed } : this.#hold(length, sealed);
      }
    } finally {
      file.close();
    }
  }

  /** What is free of the buffer. */
  get #room(): number {
    return this.#cutter.buffer.length - this.#held;
  }

  /** Reads a file into the free part of the buffer, where there must be room for it, and says how much there was. */
  #readWhole(stream: ContentStream, { contentBytes }: ContentPlan): number {
    return stream.read(this.#cutter.buffer.subarray(this.#held, this.#held + contentBytes));
  }

  /** Keeps what was read last until the chunks that wait are looked up. */
  #hold(length: number, sealed: ReadFile['sealed']): ReadFile {
    const before = this.#chunks.count;
    this.#held = this.#cutter.cut(this.#held, this.#held + length, true, this.#chunks);
    return { sealed, chunks: this.#chunks.count - before };
  }

  /** Seals the chunks of all files that wait and settles the files. The buffer is free afterwards. */
  async #sealWaiting(signal: StopSignal | undefined): Promise<void> {
    const isNew = await this.#sealer.seal(this.#chunks, this.#cutter.buffer, signal);
    let at = 0;
    for (const { file, done } of this.#waiting) {
      const { sealed, chunks, streamed } = file;
      if (streamed) {
        done({ ...sealed, ids: streamed.ids, newChunks: streamed.newChunks });
        continue;
      }
      let newChunks = 0;
      for (let i = 0; i < chunks; i += 1) newChunks += isNew[at + i]!;
      done({ ...sealed, ids: this.#chunks.ids(at, chunks).slice(), newChunks });
      at += chunks;
    }
    this.#waiting = [];
    this.#empty();
  }

  #empty(): void {
    this.#chunks.clear();
    this.#held = 0;
  }
}

function sealedAs(facts: FileFacts | undefined, { sizeBytes }: SeenFile, plan: ContentPlan, contentBytes: number): ReadFile['sealed'] {
  return {
    facts,
    // A dense file that became shorter is stored as long as it was read.
    sizeBytes: plan.ranges ? sizeBytes : contentBytes,
    dataRanges: plan.ranges,
    attributes: [],
    changedWhileRead: false,
    readBytes: contentBytes,
  };
}
