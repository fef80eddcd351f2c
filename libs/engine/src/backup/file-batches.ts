import type { FileJob, FileOutcome } from './file-sealer.ts';
import { backupLimits } from './limits.ts';

interface Waiting {
  readonly job: FileJob;
  resolve(outcome: FileOutcome): void;
  reject(error: unknown): void;
}

/** Seals one batch: in this thread or in a worker. */
export type SealBatch = (jobs: readonly FileJob[]) => Promise<FileOutcome[]>;

/** Who takes over when there is more to do than one can. */
export interface MoreSealers {
  /** Bytes submitted, with something for each file, from which it is worth it. */
  readonly fromBytes: number;
  /** Called once. The first sealer gets no batch after it. */
  start(): SealBatch[];
}

/**
 * Collects files into batches and hands them to whoever is free. A large file goes alone.
 * Memory: {@link backupLimits.batchesAhead} batches of paths.
 */
export class FileBatches {
  readonly #sealers: SealBatch[];
  readonly #first: SealBatch;
  #more: MoreSealers | undefined;
  #replaced = false;
  #submittedBytes = 0;
  #filling: Waiting[] = [];
  #fillingBytes = 0;
  readonly #ready: Waiting[][] = [];
  #active = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(first: SealBatch, more?: MoreSealers) {
    this.#first = first;
    this.#sealers = [first];
    this.#more = more;
  }

  /** Resolves when the file's batch was sealed. Call {@link room} before. */
  submit(job: FileJob): Promise<FileOutcome> {
    this.#growIfWorthIt(job.sizeBytes);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { job, resolve, reject };
      if (job.sizeBytes > backupLimits.wholeFileBytes) {
        this.#ready.push([waiting]);
        this.#start();
        return;
      }
      this.#filling.push(waiting);
      this.#fillingBytes += job.sizeBytes;
      if (this.#filling.length >= backupLimits.filesPerBatch || this.#fillingBytes >= backupLimits.batchBytes) this.nudge();
    });
  }

  /** Waits until there is room for more. Throws what made a batch fail. */
  async room(): Promise<void> {
    while (!this.#failure && this.#ready.length >= backupLimits.batchesAhead) await this.#wake.promise;
    if (this.#failure) throw this.#failure.error;
  }

  /** Sends off the batch that is being filled, since somebody waits for it. */
  nudge(): void {
    if (this.#filling.length === 0) return;
    this.#ready.push(this.#filling);
    this.#filling = [];
    this.#fillingBytes = 0;
    this.#start();
  }

  /** Everything submitted is done, well or not. */
  async settle(): Promise<void> {
    this.nudge();
    while (this.#active > 0 || this.#ready.length > 0) await this.#wake.promise;
  }

  #growIfWorthIt(sizeBytes: number): void {
    this.#submittedBytes += sizeBytes + backupLimits.fileCostBytes;
    if (!this.#more || this.#submittedBytes < this.#more.fromBytes) return;
    const idle = this.#sealers.indexOf(this.#first);
    if (idle >= 0) this.#sealers.splice(idle, 1);
    this.#sealers.push(...this.#more.start());
    this.#more = undefined;
    this.#replaced = true;
    this.#start();
  }

  #start(): void {
    while (this.#ready.length > 0 && this.#sealers.length > 0) {
      const batch = this.#ready.shift()!;
      const sealer = this.#sealers.pop()!;
      this.#active += 1;
      void this.#run(batch, sealer);
    }
  }

  async #run(batch: readonly Waiting[], sealer: SealBatch): Promise<void> {
    try {
      if (this.#failure) throw this.#failure.error;
      const outcomes = await sealer(batch.map(({ job }) => job));
      for (const [i, waiting] of batch.entries()) waiting.resolve(outcomes[i]!);
    } catch (error) {
      this.#failure ??= { error };
      for (const waiting of batch) waiting.reject(error);
    } finally {
      this.#active -= 1;
      if (!this.#replaced || sealer !== this.#first) this.#sealers.push(sealer);
      const { resolve } = this.#wake;
      this.#wake = Promise.withResolvers<void>();
      resolve();
      this.#start();
    }
  }
}
