import type { Primitives, VaultKeys } from '#libs/crypto';
import type { RandomSource, VaultId } from '#libs/kernel';
import { isAppError } from '#libs/kernel';
import type { ChunkIds, Chunker, VaultParameters } from '#libs/vault/sealing';
import { createChunker, createChunkIds } from '#libs/vault/sealing';
import { diskFull, EngineError, interrupted, throwIfInterrupted, type FileProblem, type StopSignal } from '../errors.ts';
import type { DataRange, ExtendedAttribute, FileFacts, OpenFile, Platform } from '../platform/index.ts';
import { displayPath } from '../platform/index.ts';
import { problemOf } from '../scan/file-problem.ts';
import { Turns } from '../turns.ts';
import { type DataPackWriter, dataPackWriter, type FinishedPack } from './data-pack-writer.ts';
import { type ContentPlan, ContentStream, planContent } from './file-content.ts';
import type { FileSpool } from './file-spool.ts';
import { backupLimits } from './limits.ts';
import { readAttributes } from './read-attributes.ts';

/** What a sealer needs to know of the vault; plain data, so that it can go to a worker thread. */
export interface SealerVault {
  readonly vaultId: VaultId;
  readonly keys: VaultKeys;
  readonly epoch: number;
  readonly parameters: VaultParameters;
}

/** How a sealer reaches the one index and the one store: direct calls here, messages from a worker. */
export interface SealerPorts {
  /** `ids`: 32 bytes each. One byte each in answer: 1 = new, and from now on this sealer's to store. */
  claim(ids: Uint8Array): Promise<Uint8Array>;
  /** Resolves when the pack is stored or waits among few; that is the back-pressure. */
  store(pack: FinishedPack): Promise<void>;
  /** A file for an open pack. Absent: packs are filled in memory. */
  readonly newSpool?: (() => Promise<FileSpool>) | undefined;
}

export interface FileJob {
  readonly path: Buffer;
  readonly sizeBytes: number;
}

/** What became of one file. Plain data. */
export interface SealedFile {
  /** As of the moment before the read that counts. */
  readonly facts: FileFacts;
  /** Bytes of the file as stored, holes included. */
  readonly sizeBytes: number;
  /** Chunk ids in order, 32 bytes each. */
  readonly ids: Uint8Array;
  readonly dataRanges: readonly DataRange[] | undefined;
  readonly attributes: readonly ExtendedAttribute[];
  /** Why attributes are missing, where some are. */
  readonly attributesProblem?: FileProblem;
  readonly changedWhileRead: boolean;
  readonly readBytes: number;
  readonly newChunks: number;
}

export type FileOutcome = SealedFile | { readonly problem: FileProblem };

/** Seals batches, here or in a thread. One call at a time. */
export interface Sealer {
  seal(jobs: readonly FileJob[], signal?: StopSignal): Promise<FileOutcome[]>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A cell that one sealer writes and the run's progress reads, from another thread too: plain bytes of the chunks done so far. */
export function sealedBytesCell(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
}

interface ReadFile {
  readonly sealed: Omit<SealedFile, 'ids' | 'newChunks'>;
  /** Chunks of a whole file that wait for the batch's look-up; a streamed file has its ids already. */
  readonly chunks: readonly { readonly id: Uint8Array; readonly plaintext: Uint8Array }[];
  readonly streamed?: { readonly ids: Uint8Array; readonly newChunks: number };
}

interface FirstTry {
  readonly file: ReadFile;
  readonly changed: boolean;
}

const idBytes = 32;
const growIds = 64 * 1024;

/**
 * Read → chunk → id → known? → compress, seal, pack, for a batch of files. Shares nothing: one instance a thread, with its own open packs.
 * Memory: the chunker's buffer (8 MiB) and the leaves of the packs (7 MiB); whole packs where there is no spool.
 */
export class FileSealer implements Sealer {
  readonly #platform: Platform;
  readonly #ports: SealerPorts;
  readonly #writer: DataPackWriter;
  readonly #ids: ChunkIds;
  readonly #chunker: Chunker;
  /** Whole files of the batch whose chunks are still to be looked up; their bytes fill the buffer up to `#held`. */
  #waiting: { readonly file: ReadFile; readonly done: (outcome: FileOutcome) => void }[] = [];
  #held = 0;
  #flushedAt = performance.now();
  readonly #turns = new Turns();
  readonly #sealedBytes: Float64Array;

  constructor(options: {
    vault: SealerVault;
    primitives: Primitives;
    random: RandomSource;
    platform: Platform;
    ports: SealerPorts;
    sealedBytes?: Float64Array;
  }) {
    const { vault, primitives, random, ports } = options;
    this.#sealedBytes = options.sealedBytes ?? sealedBytesCell();
    const { parameters, keys, epoch, vaultId } = vault;
    this.#platform = options.platform;
    this.#ports = ports;
    this.#ids = createChunkIds(primitives, keys.chunkId);
    this.#chunker = createChunker(
      primitives,
      keys.gear,
      { minBytes: parameters.chunkMinBytes, avgBytes: parameters.chunkAvgBytes, maxBytes: parameters.chunkMaxBytes },
      { bufferBytes: backupLimits.streamBytes + Math.max(parameters.chunkMaxBytes, backupLimits.wholeFileBytes) },
    );
    this.#writer = dataPackWriter(
      {
        primitives,
        random,
        vaultId,
        keys,
        epoch,
        kind: 'data',
        targetBytes: parameters.dataPackBytes,
        compressionLevel: parameters.compressionLevel,
        blockHash: parameters.blockHash,
      },
      ports.newSpool,
    );
  }

  /** One outcome a job, in order. A file that can't be read is an outcome; only the store and the signal make it throw. */
  async seal(jobs: readonly FileJob[], signal?: StopSignal): Promise<FileOutcome[]> {
    const outcomes: FileOutcome[] = [];
    this.#waiting = [];
    this.#held = 0;
    for (const [i, job] of jobs.entries()) {
      throwIfInterrupted(signal);
      if (this.#turns.isOver) await this.#turns.maybeYield();
      try {
        const reading = this.#readFile(job, signal);
        const file = reading instanceof Promise ? await reading : reading;
        this.#waiting.push({ file, done: (outcome) => (outcomes[i] = outcome) });
        this.#held += file.chunks.reduce((sum, { plaintext }) => sum + plaintext.length, 0);
      } catch (error) {
        if (isRunFailure(error)) throw error;
        outcomes[i] = { problem: problemOf(job.path, error) };
      }
    }
    await this.#sealWaiting();
    if (performance.now() - this.#flushedAt > backupLimits.openPackMs && this.#writer.pendingChunks > 0) await this.flush();
    return outcomes;
  }

  /** Closes the open packs. */
  async flush(): Promise<void> {
    this.#flushedAt = performance.now();
    for (const pack of await this.#intoPack(() => this.#writer.flush())) await this.#store(pack);
  }

  async close(): Promise<void> {
    // What can't be removed now is swept by the next run.
    await this.#writer.discard().catch(() => undefined);
  }

  /** Opens, reads and closes. The usual case, a small file that nobody is writing to, waits for nothing. */
  #readFile(job: FileJob, signal: StopSignal | undefined): ReadFile | Promise<ReadFile> {
    const file = this.#platform.openToRead(job.path);
    let first: FirstTry | undefined;
    try {
      first = this.#tryAtOnce(job, file);
    } catch (error) {
      file.close();
      throw error;
    }
    if (!first || first.changed) return this.#readTwiceIfChanged(job, file, first?.file.sealed.readBytes, signal);
    file.close();
    return first.file;
  }

  /** Undefined when the file is too large for that or changed just now. */
  #tryAtOnce({ path }: FileJob, file: OpenFile): FirstTry | undefined {
    const before = file.facts();
    if (before.kind !== 'file' || tickLeftMs(before) > 0) return undefined;
    const plan = planContent(file, before);
    if (plan.contentBytes > Math.min(backupLimits.wholeFileBytes, this.#chunker.buffer.length - this.#held)) return undefined;
    const read = this.#readWhole(new ContentStream(file, plan), before, plan);
    const changed = read.short || !sameState(before, file.facts());
    const found = changed ? undefined : readAttributes(this.#platform, path);
    return { file: { chunks: read.chunks, sealed: { ...read.sealed, ...found } }, changed };
  }

  /** Closes the file. `readInVain`: bytes of a first try, during which it changed. */
  async #readTwiceIfChanged(
    job: FileJob,
    file: OpenFile,
    readInVain: number | undefined,
    signal: StopSignal | undefined,
  ): Promise<ReadFile> {
    try {
      let readBytes = readInVain ?? 0;
      for (let attempt = readInVain === undefined ? 1 : 2; ; attempt += 1) {
        const before = file.facts();
        if (before.kind !== 'file') throw new EngineError('file_changed', `${displayPath(job.path)}: is no regular file any more`);
        await pastItsTick(before);
        const read = await this.#read(file, before, signal);
        readBytes += read.sealed.readBytes;
        const changed = read.short || !sameState(before, file.facts());
        if (changed && attempt === 1) continue;
        const found = readAttributes(this.#platform, job.path);
        return { ...read, sealed: { ...read.sealed, ...found, readBytes, changedWhileRead: changed } };
      }
    } finally {
      file.close();
    }
  }

  async #read(file: OpenFile, facts: FileFacts, signal: StopSignal | undefined): Promise<ReadFile & { readonly short: boolean }> {
    const plan = planContent(file, facts);
    const stream = new ContentStream(file, plan);
    if (plan.contentBytes > backupLimits.wholeFileBytes) {
      // The stream takes the whole buffer.
      await this.#sealWaiting();
      const streamed = await this.#stream(stream, signal);
      return { sealed: sealedAs(facts, plan, streamed.contentBytes), chunks: [], streamed, short: stream.short };
    }
    if (this.#held + plan.contentBytes > this.#chunker.buffer.length) await this.#sealWaiting();
    return this.#readWhole(stream, facts, plan);
  }

  /** Reads a file into the free part of the buffer, where there must be room for it. */
  #readWhole(stream: ContentStream, facts: FileFacts, plan: ContentPlan): ReadFile & { readonly short: boolean } {
    const buffer = this.#chunker.buffer.subarray(this.#held, this.#held + plan.contentBytes);
    const length = stream.read(buffer);
    const chunks: { id: Uint8Array; plaintext: Uint8Array }[] = [];
    for (let start = 0; start < length;) {
      const end = this.#chunker.nextCut(buffer, start, length, true);
      const plaintext = buffer.subarray(start, end);
      chunks.push({ id: this.#ids.of('data', plaintext), plaintext });
      start = end;
    }
    return { sealed: sealedAs(facts, plan, length), chunks, short: stream.short };
  }

  /** A large file in bounded memory: fill the buffer, cut, look up, add, move the rest to the front. */
  async #stream(
    stream: ContentStream,
    signal: StopSignal | undefined,
  ): Promise<{ ids: Uint8Array; newChunks: number; contentBytes: number }> {
    const { buffer } = this.#chunker;
    let ids = new Uint8Array(growIds);
    let idsEnd = 0;
    let newChunks = 0;
    let contentBytes = 0;
    let filled = 0;
    for (let final = false; !final;) {
      throwIfInterrupted(signal);
      const got = stream.read(buffer.subarray(filled));
      final = got < buffer.length - filled;
      filled += got;
      contentBytes += got;
      const chunks: { id: Uint8Array; plaintext: Uint8Array }[] = [];
      let start = 0;
      while (start < filled) {
        const end = this.#chunker.nextCut(buffer, start, filled, final);
        if (end < 0) break;
        const plaintext = buffer.subarray(start, end);
        chunks.push({ id: this.#ids.of('data', plaintext), plaintext });
        start = end;
      }
      newChunks += await this.#addNew(chunks, signal);
      for (const { id } of chunks) {
        if (idsEnd === ids.length) {
          const larger = new Uint8Array(ids.length * 2);
          larger.set(ids);
          ids = larger;
        }
        ids.set(id, idsEnd);
        idsEnd += idBytes;
      }
      buffer.copyWithin(0, start, filled);
      filled -= start;
    }
    return { ids: ids.slice(0, idsEnd), newChunks, contentBytes };
  }

  /** Looks up the chunks of all files that wait, seals the new ones, and settles the files. The buffer is free afterwards. */
  async #sealWaiting(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const isNew = await this.#claim(waiting.flatMap(({ file }) => file.chunks));
    let at = 0;
    for (const { file, done } of waiting) {
      if (file.streamed) {
        done({ ...file.sealed, ids: file.streamed.ids, newChunks: file.streamed.newChunks });
        continue;
      }
      const ids = new Uint8Array(file.chunks.length * idBytes);
      let newChunks = 0;
      for (const [i, { id, plaintext }] of file.chunks.entries()) {
        ids.set(id, i * idBytes);
        if (isNew[at++] === 1) {
          if (this.#turns.isOver) await this.#turns.maybeYield();
          newChunks += 1;
          await this.#add(id, plaintext);
        }
        this.#sealedBytes[0]! += plaintext.length;
      }
      done({ ...file.sealed, ids, newChunks });
    }
    this.#held = 0;
  }

  async #addNew(chunks: readonly { id: Uint8Array; plaintext: Uint8Array }[], signal: StopSignal | undefined): Promise<number> {
    const isNew = await this.#claim(chunks);
    let added = 0;
    for (const [i, { id, plaintext }] of chunks.entries()) {
      if (isNew[i] === 1) {
        if (this.#turns.isOver) await this.#turns.maybeYield();
        throwIfInterrupted(signal);
        added += 1;
        await this.#add(id, plaintext);
      }
      this.#sealedBytes[0]! += plaintext.length;
    }
    return added;
  }

  async #claim(chunks: readonly { id: Uint8Array }[]): Promise<Uint8Array> {
    if (chunks.length === 0) return new Uint8Array();
    const ids = new Uint8Array(chunks.length * idBytes);
    for (const [i, { id }] of chunks.entries()) ids.set(id, i * idBytes);
    try {
      return await this.#ports.claim(ids);
    } catch (error) {
      throw new StoreFailure(error);
    }
  }

  async #add(id: Uint8Array, plaintext: Uint8Array): Promise<void> {
    const full = await this.#intoPack(() => this.#writer.add(id, plaintext));
    if (full) await this.#store(full);
  }

  /** What fails while a pack is written is a failure of the store, not of the file whose chunk it is. */
  async #intoPack<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new StoreFailure(error);
    }
  }

  async #store(pack: FinishedPack): Promise<void> {
    try {
      await this.#ports.store(pack);
    } catch (error) {
      throw new StoreFailure(error);
    }
  }
}

/** Tells a failure of the store, which ends the run, from one of the file, which does not. Unwrapped before anybody else sees it. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  constructor(cause: unknown) {
    super('the store failed', { cause });
  }
}

function isRunFailure(error: unknown): boolean {
  return error instanceof StoreFailure || isAppError(error, 'interrupted') || !isAppError(error);
}

/** The store's own error, for callers. */
export function unwrapStoreFailure(error: unknown): unknown {
  if (error instanceof StoreFailure) return isAppError(error.cause, 'disk_full') ? diskFull(error.cause.message, error.cause) : error.cause;
  if (error instanceof Error && error.name === 'AbortError') return interrupted(error);
  return error;
}

function sealedAs(facts: FileFacts, plan: ContentPlan, contentBytes: number): ReadFile['sealed'] {
  return {
    facts,
    // A dense file that became shorter is stored as long as it was read.
    sizeBytes: plan.ranges ? facts.sizeBytes : contentBytes,
    dataRanges: plan.ranges,
    attributes: [],
    changedWhileRead: false,
    readBytes: contentBytes,
  };
}

function sameState(before: FileFacts, after: FileFacts): boolean {
  return after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs && after.sizeBytes === before.sizeBytes;
}

/** How long until a change made now would get another time than the file carries. */
function tickLeftMs(facts: FileFacts): number {
  const newest = Number((facts.ctimeNs > facts.mtimeNs ? facts.ctimeNs : facts.mtimeNs) / 1_000_000n);
  const age = Date.now() - newest;
  return age >= 0 && age < backupLimits.racyMs ? backupLimits.racyMs - age : 0;
}

async function pastItsTick(facts: FileFacts): Promise<void> {
  const leftMs = tickLeftMs(facts);
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
}
