import { nodePrimitives } from '#libs/crypto/node';
import { isAppError, systemClock } from '#libs/kernel';
import type { Snapshot } from '#libs/vault';
import { interrupted, throwIfInterrupted } from '../errors.ts';
import { currentPlatform, type Platform } from '../platform/index.ts';
import { ProgressReporter } from '../progress.ts';
import { keepHeapSmall, keepHeapSmallOnce } from '../small-heap.ts';
import { ChosenWalks } from './chosen-walks.ts';
import { FreeNames } from './conflict.ts';
import { Durability } from './durability.ts';
import { FileWriter } from './file-writer.ts';
import { FolderTargets } from './folder-targets.ts';
import { refuseWithoutRoom } from './free-space.ts';
import { restoreLimits } from './limits.ts';
import { OtherNames } from './other-names.ts';
import { EntryPlanner } from './plan-entries.ts';
import { refuseConflicts } from './refuse-conflicts.ts';
import { RestoreCounts } from './restore-counts.ts';
import { RestoreFiles } from './restore-files.ts';
import { reportOf } from './restore-report.ts';
import type { RestoreOptions, RestoreReport } from './restore-types.ts';
import { RestoreWindows } from './restore-windows.ts';
import { WorkerWriter } from './worker-writer.ts';
import { localWriter, type Writer } from './writer.ts';
import { Writers } from './writers.ts';

/**
 * Brings a snapshot, or paths of it, back to disk: plan → what is there already → packs in order → files → links → metadata of folders → durable.
 *
 * Never writes through a link that it did not make, never outside the destination. A file comes under its name only whole: stopped at any
 * instruction, what was there before is there still. Run again, it fetches and writes only what is not there and right, by the chunk ids.
 * A file that can't be restored is named in the report with pack and holder; the others come. When it resolves, what it wrote is durable.
 * Throws `conflict` (rule `fail`, before anything is written), `disk_full` (before anything is written where that can be known),
 * `interrupted`, `destination_invalid`, and from the vault `snapshot_not_found`, `path_not_found`.
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  keepHeapSmall();
  return new Restore(options).run();
}

class Restore {
  readonly #options: RestoreOptions;
  readonly #platform: Platform;
  readonly #counts = new RestoreCounts();
  readonly #folders: FolderTargets;
  readonly #files: RestoreFiles;
  readonly #durability: Durability;
  readonly #windows: RestoreWindows;
  readonly #writers: Writers;
  readonly #progress: ProgressReporter;
  readonly #walks: ChosenWalks;
  readonly #otherNames: OtherNames;
  readonly #planner: EntryPlanner;
  readonly #dryRun: boolean;
  /** Planning them takes little memory. */
  #fewFiles = false;

  constructor(options: RestoreOptions) {
    const clock = options.clock ?? systemClock;
    const platform = options.platform ?? currentPlatform();
    const { reader, signal } = options;
    this.#options = options;
    this.#platform = platform;
    this.#dryRun = options.dryRun === true;
    const free = new FreeNames(platform, clock.nowMs());
    this.#progress = new ProgressReporter(options.onProgress, clock, options.progressIntervalMs);
    this.#durability = new Durability(platform, options.durable !== false);
    const placing = { platform, counts: this.#counts, rule: options.conflict, free, dryRun: this.#dryRun };
    this.#folders = new FolderTargets(placing);
    const shared = { platform, counts: this.#counts, folders: this.#folders, durability: this.#durability };
    this.#files = new RestoreFiles(shared);
    const seed = reader.opener.seed(Array.from(reader.packs.values(), ({ epoch }) => epoch));
    const threads = (): Writer[] => {
      const started = Array.from({ length: options.workers ?? 0 }, () => new WorkerWriter(seed, signal));
      if (this.#fewFiles) void keepHeapSmallOnce(Promise.all(started.map(({ ready }) => ready)));
      return started;
    };
    this.#writers = new Writers(localWriter(new FileWriter(platform, nodePrimitives(), seed), signal), threads);
    this.#windows = new RestoreWindows({
      ...shared,
      reader,
      files: this.#files,
      writers: this.#writers,
      parallelPacks: options.parallelPacks ?? restoreLimits.parallelPacks,
      verify: options.verify === true,
      dryRun: this.#dryRun,
      signal,
      report: () => this.#report('transfer'),
    });
    this.#walks = new ChosenWalks({ ...shared, chosen: options });
    this.#otherNames = new OtherNames({ ...placing, folders: this.#folders, signal });
    this.#planner = new EntryPlanner({
      ...shared,
      chosen: options,
      files: this.#files,
      otherNames: this.#otherNames,
      windows: this.#windows,
      free,
      dryRun: this.#dryRun,
      planned: () => this.#report('plan'),
    });
  }

  async run(): Promise<RestoreReport> {
    const { signal } = this.#options;
    try {
      throwIfInterrupted(signal);
      const snapshot = await this.#walks.snapshot();
      this.#expect(snapshot);
      await this.#prepare(snapshot);
      for (const walk of this.#walks.toRestore(snapshot)) await this.#planner.plan(snapshot, walk);
      await this.#windows.finish();
      await this.#otherNames.make();
      this.#report('metadata');
      if (!this.#dryRun) await this.#endFolders();
      return reportOf(snapshot.sequence, this.#options.rejected ?? [], this.#counts, this.#planner.placed);
    } catch (error) {
      throw signal?.aborted && !isAppError(error, 'interrupted') ? interrupted(error) : error;
    } finally {
      await this.#windows.settle();
      await this.#durability.settle();
      await this.#writers.close();
      this.#files.cleanUp(signal?.aborted === true);
    }
  }

  /**
   * A folder of ours is marked until its content is on the disk for good: a power cut that takes content with it leaves the mark too. So modes and times,
   * after which a mark could not be removed any more, come when all the rest is durable, and are made so themselves.
   */
  async #endFolders(): Promise<void> {
    for (const folder of this.#folders.made()) this.#durability.wrote(folder);
    await this.#durability.flush();
    for (const folder of this.#folders.applyMetadata()) this.#durability.wrote(folder);
    await this.#durability.flush();
  }

  /** Threads load while the snapshot is planned. How much of it a few paths are is known only then. */
  #expect({ stats }: Snapshot): void {
    const { paths = [] } = this.#options;
    if (paths.length > 0 || this.#dryRun) return;
    const { files, bytes } = stats;
    this.#fewFiles = files !== undefined && files <= restoreLimits.fewFiles;
    this.#writers.expect(files ?? 0, bytes ?? 0);
  }

  /** What is to be known before anything is written. */
  async #prepare(snapshot: Snapshot): Promise<void> {
    const { conflict, ignoreFreeSpace } = this.#options;
    const to = this.#options.to === undefined ? undefined : this.#platform.absolute(this.#options.to);
    if (conflict === 'fail') await refuseConflicts(snapshot, this.#walks, this.#platform, to);
    if (this.#dryRun || ignoreFreeSpace === true) return;
    await refuseWithoutRoom(snapshot, this.#walks.toLook(snapshot), { platform: this.#platform, rule: conflict, to });
  }

  #report(phase: 'plan' | 'transfer' | 'metadata'): void {
    const counts = this.#counts;
    this.#progress.update(phase, () => ({
      filesDone: counts.files + counts.filesUnchanged,
      bytesDone: counts.bytes + counts.bytesUnchanged,
      filesTotal: counts.filesTotal,
      bytesTotal: counts.bytesTotal,
      current: counts.current,
      errors: counts.errorCount,
    }));
  }
}
