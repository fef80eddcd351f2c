import type { FileJob, FileOutcome } from './sealer.ts';
import type { PartJob, PartOutcome } from './file-part.ts';
import { backupLimits } from './limits.ts';
import { type RunningPart, SharedFile } from './shared-file.ts';

/** Hears what became of a file, once. Not a promise: of those there would be several for every small file. */
export interface OutcomeTaker {
  sealed(outcome: FileOutcome): void;
  /** Its batch failed; so does the run. */
  failed(error: unknown): void;
}

interface Waiting {
  readonly job: FileJob;
  readonly taker: OutcomeTaker;
}

/** Seals one batch: in this thread or in a worker. */
export type SealBatch = (jobs: readonly FileJob[]) => Promise<FileOutcome[]>;

/** Who seals: in this thread or in a worker. */
export interface BatchSealer {
  readonly seal: SealBatch;
  /** Parts of large files. Nothing else is asked of it meanwhile. */
  readonly sealPart: (job: PartJob) => Promise<PartOutcome>;
}

/** Who takes over when there is more to do than one can. */
export interface MoreSealers {
  /** Bytes submitted, with something for each file, from which it is worth it. 0: the first sealer gets nothing at all. */
  readonly fromBytes: number;
  /** Called once. */
  start(): StartedSealer[];
  /** The first sealer is done with its last batch: its memory may be given back. Rejected: the run fails. */
  retireFirst(): Promise<void>;
}

/** `seal` may be called once more while a call is under way. */
export interface StartedSealer extends BatchSealer {
  /** From then on it gets batches, and the first sealer gets none any more. Rejected: it is done without. */
  readonly ready: Promise<void>;
}

interface Batch {
  readonly files: readonly Waiting[];
  /** One file that takes its time: nothing is to wait behind it. */
  readonly large: boolean;
}

/** A part of a large file. */
interface Share {
  readonly file: SharedFile;
  readonly waiting: Waiting;
  readonly part: RunningPart;
}

interface Lane {
  readonly sealer: BatchSealer;
  /** The part that it seals, if any. */
  share?: Share | undefined;
  /** Batches that it may have at the same time: the next one is there already when one is done. */
  depth: number;
  busy: number;
  large: boolean;
}

/**
 * Collects files into batches and hands them to whoever is free. A large file goes alone, and a very large one is shared out when there is nothing else to do.
 * Memory: {@link backupLimits.batchesAhead} batches of paths.
 */
export class FileBatches {
  readonly #lanes: Lane[];
  #more: MoreSealers | undefined;
  #retireFirst: (() => Promise<void>) | undefined;
  #submittedBytes = 0;
  #filling: Waiting[] = [];
  #fillingBytes = 0;
  readonly #ready: (Batch | Share)[] = [];
  #active = 0;
  /** Nothing more will be submitted. */
  #over = false;
  #failure: { readonly error: unknown } | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(first: BatchSealer, more?: MoreSealers) {
    this.#lanes = [{ sealer: first, depth: 1, busy: 0, large: false }];
    this.#more = more;
  }

  /** `taker` hears of it when the file's batch was sealed, never during this call. Call {@link room} before. */
  submit(job: FileJob, taker: OutcomeTaker): void {
    const { sizeBytes } = job.seen;
    this.#growIfWorthIt(sizeBytes);
    const waiting: Waiting = { job, taker };
    if (sizeBytes > backupLimits.wholeFileBytes) {
      this.#ready.push(SharedFile.isFor(job) ? shareOf(waiting) : { files: [waiting], large: true });
      // More may come at once: too early to share this one out.
      this.#start(false);
      return;
    }
    this.#filling.push(waiting);
    this.#fillingBytes += sizeBytes;
    if (this.#filling.length >= backupLimits.filesPerBatch || this.#fillingBytes >= backupLimits.batchBytes) this.nudge();
  }

  /** There is something to wait for, in {@link room}, before more is submitted. */
  get isFull(): boolean {
    return this.#failure !== undefined || this.#ready.length >= backupLimits.batchesAhead;
  }

  /** Waits until there is room for more. Throws what made a batch fail. */
  async room(): Promise<void> {
    while (!this.#failure && this.#ready.length >= backupLimits.batchesAhead) await this.#wake.promise;
    if (this.#failure) throw this.#failure.error;
  }

  /** Sends off the batch that is being filled, since somebody waits for it. */
  nudge(): void {
    if (this.#filling.length > 0) this.#ready.push({ files: this.#filling, large: false });
    this.#filling = [];
    this.#fillingBytes = 0;
    this.#start();
  }

  /** The end: everything submitted is done. Throws what made a batch fail. */
  async finish(): Promise<void> {
    await this.settle();
    if (this.#failure) throw this.#failure.error;
  }

  /** The end: everything submitted is done, well or not. */
  async settle(): Promise<void> {
    this.nudge();
    while (this.#active > 0 || this.#ready.length > 0) await this.#wake.promise;
    this.#over = true;
  }

  #growIfWorthIt(sizeBytes: number): void {
    this.#submittedBytes += sizeBytes + backupLimits.fileCostBytes;
    const more = this.#more;
    if (!more || this.#submittedBytes < more.fromBytes) return;
    const first = this.#lanes[0]!;
    if (more.fromBytes === 0) first.depth = 0;
    this.#retireFirst = () => more.retireFirst();
    for (const sealer of more.start())
      sealer.ready.then(
        () => {
          // Too late: whoever sealed is being flushed by now, and that once.
          if (this.#over) return;
          first.depth = 0;
          this.#retireIfDone();
          if (first.share) this.#share(first.share, 'little');
          this.#lanes.push({ sealer, depth: 2, busy: 0, large: false });
          this.#start();
        },
        () => {
          if (this.#over || this.#lanes.some(({ depth }) => depth > 0)) return;
          first.depth = 1;
          this.#start();
        },
      );
    this.#more = undefined;
  }

  #start(sharing = true): void {
    for (let next = this.#next(sharing); next; next = this.#next(sharing)) {
      const large = 'part' in next || next.large;
      const lane = this.#laneFor(large);
      if (!lane) return;
      this.#ready.shift();
      this.#active += 1;
      lane.busy += 1;
      lane.large = large;
      void this.#run(next, lane);
    }
  }

  /** The first that is ready; else a part of what others are at, if somebody is free. */
  #next(sharing: boolean): Batch | Share | undefined {
    if (sharing && this.#ready.length === 0 && this.#free()) {
      const largest = this.#lanes
        .flatMap(({ share = [] }) => share)
        .reduce<Share | undefined>((a, b) => (a && SharedFile.left(a.part) >= SharedFile.left(b.part) ? a : b), undefined);
      if (largest) this.#share(largest, 'half');
    }
    return this.#ready[0];
  }

  /** Takes part of a part away, to be sealed next. */
  #share({ file, waiting, part }: Share, keep: 'half' | 'little'): void {
    const taken = file.split(part, keep);
    if (taken) this.#ready.unshift({ file, waiting, part: taken });
  }

  #free(): Lane | undefined {
    return this.#lanes.find(({ busy, depth }) => busy === 0 && depth > 0);
  }

  /** Somebody who is free; else, for small files, somebody who is at small files. */
  #laneFor(large: boolean): Lane | undefined {
    return this.#free() ?? (large ? undefined : this.#lanes.find((lane) => lane.busy < lane.depth && !lane.large));
  }

  async #run(work: Batch | Share, lane: Lane): Promise<void> {
    try {
      await ('part' in work ? this.#sealPart(work, lane) : this.#sealBatch(work, lane));
    } finally {
      this.#active -= 1;
      lane.busy -= 1;
      this.#retireIfDone();
      this.#wakeUp();
      this.#start();
    }
  }

  async #sealBatch({ files }: Batch, lane: Lane): Promise<void> {
    try {
      if (this.#failure) throw this.#failure.error;
      const outcomes = await lane.sealer.seal(files.map(({ job }) => job));
      for (const [i, { taker }] of files.entries()) taker.sealed(outcomes[i]!);
    } catch (error) {
      this.#failure ??= { error };
      for (const { taker } of files) taker.failed(error);
    }
  }

  async #sealPart(share: Share, lane: Lane): Promise<void> {
    const { file, waiting, part } = share;
    try {
      if (this.#failure) throw this.#failure.error;
      lane.share = share;
      file.settle(part, await lane.sealer.sealPart(part.job));
      if (!file.isIdle) return;
      const next = file.next();
      if ('outcome' in next) waiting.taker.sealed(next.outcome);
      else if ('part' in next) this.#ready.unshift({ ...share, part: next.part });
      else this.#ready.unshift({ files: [{ ...waiting, job: next.again }], large: true });
    } catch (error) {
      this.#failure ??= { error };
      if (file.fail()) waiting.taker.failed(error);
    } finally {
      lane.share = undefined;
    }
  }

  #retireIfDone(): void {
    const first = this.#lanes[0]!;
    const retire = this.#retireFirst;
    if (!retire || first.depth > 0 || first.busy > 0) return;
    this.#retireFirst = undefined;
    this.#active += 1;
    retire()
      .catch((error: unknown) => (this.#failure ??= { error }))
      .finally(() => {
        this.#active -= 1;
        this.#wakeUp();
      });
  }

  #wakeUp(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers<void>();
    resolve();
  }
}

function shareOf(waiting: Waiting): Share {
  const file = new SharedFile(waiting.job);
  return { file, waiting, part: file.whole() };
}
