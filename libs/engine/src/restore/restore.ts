import { nodePrimitives } from '#libs/crypto/node';
import { isAppError, systemClock } from '#libs/kernel';
import { contentLength, contentLost, type Snapshot, type SnapshotPath, splitPath, type TreeEntry, type WalkedEntry } from '#libs/vault';
import { EngineError, interrupted, throwIfInterrupted } from '../errors.ts';
import { currentPlatform, displayPath, type FileFacts, type Platform } from '../platform/index.ts';
import { ProgressReporter } from '../progress.ts';
import { keepHeapSmall, keepHeapSmallOnce } from '../small-heap.ts';
import { decide, FreeNames } from './conflict.ts';
import { Durability } from './durability.ts';
import { FileWriter } from './file-writer.ts';
import type { FileTarget, TargetChunk } from './file-target.ts';
import { type FolderTarget, FolderTargets } from './folder-targets.ts';
import { refuseWithoutRoom } from './free-space.ts';
import { restoreLimits } from './limits.ts';
import { RestoreCounts } from './restore-counts.ts';
import { RestoreFiles } from './restore-files.ts';
import { reportOf } from './restore-report.ts';
import type { RestoreOptions, RestoreReport } from './restore-types.ts';
import { RestoreWindows } from './restore-windows.ts';
import { isSameSpecial, restoreLink, restoreSpecial, updateMetadata } from './special-files.ts';
import { withoutPowers } from './without-powers.ts';
import { WorkerWriter } from './worker-writer.ts';
import { localWriter, type Writer } from './writer.ts';
import { Writers } from './writers.ts';

/** Another name of a file that is restored under its first one. */
interface LinkJob {
  readonly folder: FolderTarget;
  readonly wanted: Buffer;
  readonly entry: TreeEntry;
  readonly first: FileTarget;
}

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
  readonly #free: FreeNames;
  readonly #dryRun: boolean;
  /** Planning them takes little memory. */
  #fewFiles = false;
  readonly #placed: { readonly from: string; to: () => string | undefined }[] = [];
  readonly #links = new Map<string, FileTarget>();
  #linkJobs: LinkJob[] = [];

  constructor(options: RestoreOptions) {
    const clock = options.clock ?? systemClock;
    const platform = options.platform ?? currentPlatform();
    const { reader, signal } = options;
    this.#options = options;
    this.#platform = platform;
    this.#dryRun = options.dryRun === true;
    this.#free = new FreeNames(platform, clock.nowMs());
    this.#progress = new ProgressReporter(options.onProgress, clock, options.progressIntervalMs);
    this.#durability = new Durability(platform, options.durable !== false);
    const shared = { platform, counts: this.#counts };
    this.#folders = new FolderTargets({ ...shared, rule: options.conflict, free: this.#free, dryRun: this.#dryRun });
    this.#files = new RestoreFiles({ ...shared, folders: this.#folders, durability: this.#durability });
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
      folders: this.#folders,
      durability: this.#durability,
      writers: this.#writers,
      parallelPacks: options.parallelPacks ?? restoreLimits.parallelPacks,
      verify: options.verify === true,
      dryRun: this.#dryRun,
      signal,
      report: () => this.#report('transfer'),
    });
  }

  async run(): Promise<RestoreReport> {
    const { reader, signal } = this.#options;
    try {
      throwIfInterrupted(signal);
      const { snapshot: wanted = 'latest', paths = [] } = this.#options;
      const snapshot = await (wanted === 'latest'
        ? reader.latest(paths.map(snapshotPath), readOptions(signal))
        : reader.snapshot(wanted, readOptions(signal)));
      this.#expect(snapshot);
      await this.#prepare(snapshot);
      for (const walk of this.#walks(snapshot, true)) await this.#restoreBelow(snapshot, walk);
      await this.#windows.finish();
      for (const job of this.#linkJobs) await this.#link(job);
      this.#report('metadata');
      if (!this.#dryRun) {
        await this.#endFolders();
      }
      return reportOf(snapshot.sequence, this.#options.rejected ?? [], this.#counts, this.#placed);
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
    const { to, conflict } = this.#options;
    if (conflict === 'fail') await this.#refuseConflicts(snapshot);
    if (this.#dryRun || this.#options.ignoreFreeSpace === true) return;
    await refuseWithoutRoom(snapshot, this.#walks(snapshot, false), {
      platform: this.#platform,
      rule: conflict,
      to: to === undefined ? undefined : this.#platform.absolute(to),
    });
  }

  /** `restoring`: a list of names that is lost is an error of its folder, and the rest comes. */
  *#walks(snapshot: Snapshot, restoring: boolean, enters?: (folder: TreeEntry) => boolean): Generator<AsyncIterable<WalkedEntry>> {
    const { reader, signal, paths = [] } = this.#options;
    const selected = paths.map(snapshotPath);
    const onUnreadable = (path: readonly Uint8Array[], error: unknown): void => {
      const target = this.#folders.get(keyOf(path));
      if (restoring) this.#counts.fail(target?.path ?? this.#platform.fromParts(path.map((name) => Buffer.from(name))), error);
    };
    for (const path of selected.length === 0 ? ['/'] : selected) {
      const walk = reader.walk(snapshot, path, { ...readOptions(signal), onUnreadable, ...(enters && { enters }) });
      yield this.#options.withoutPowers === true ? withoutPowers(walk, (left) => restoring && this.#noteDevice(left)) : walk;
    }
  }

  #noteDevice(path: readonly Uint8Array[]): void {
    const shown = this.#platform.fromParts(path.map((name) => Buffer.from(name)));
    this.#counts.note(shown, 'not_restored', 'devices of other machines are left out');
  }

  /** Plans everything that a walk yields; a full window is fetched while the next is planned. */
  async #restoreBelow(snapshot: Snapshot, walk: AsyncIterable<WalkedEntry>): Promise<void> {
    let base: FolderTarget | undefined;
    let first = true;
    const parents = new Parents(this.#folders);
    for await (const walked of walk) {
      throwIfInterrupted(this.#options.signal);
      const start = first || walked.path.length <= walked.rootDepth;
      if (start) base = await this.#baseOf(walked);
      first = false;
      const parent = start ? base : parents.of(walked.path);
      if (!parent) continue;
      await this.#plan(snapshot, walked, parent, start);
      await this.#windows.room();
    }
  }

  /** The folder that the first entry of a walk goes into. */
  async #baseOf({ path }: WalkedEntry): Promise<FolderTarget | undefined> {
    const above = path.slice(0, -1).map((name) => Buffer.from(name));
    const { to } = this.#options;
    try {
      for (const name of to === undefined ? above : []) {
        const problem = this.#platform.nameProblem(name);
        if (problem) throw new EngineError('unsafe_name', `${displayPath(name)}: the name ${problem}`);
      }
      const base =
        to === undefined
          ? await this.#folders.base(this.#platform.fromParts(above), [])
          : await this.#folders.base(this.#platform.absolute(to), above);
      if (!this.#dryRun) {
        this.#durability.addFolder(base.path, base.device);
        this.#durability.wrote(base.path);
      }
      return base;
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      throw new EngineError('destination_invalid', `the destination can not be used: ${error.message}`, {
        cause: error,
        nextStep: 'Choose another folder to restore to.',
      });
    }
  }

  async #plan(snapshot: Snapshot, { path, entry }: WalkedEntry, parent: FolderTarget, start: boolean): Promise<void> {
    const counts = this.#counts;
    const platform = this.#platform;
    const name = path.at(-1) ?? new Uint8Array();
    const placed = (to: () => Buffer | undefined): void => {
      if (!start) return;
      const from = displayPath(platform.fromParts(path.map((part) => Buffer.from(part))));
      this.#placed.push({ from, to: () => displayed(to()) });
    };
    if (path.length === 0) {
      placed(() => parent.path);
      this.#folders.adopt('', parent);
      return;
    }
    try {
      const unknown = this.#folders.prepare(parent, name);
      if (unknown) await unknown;
    } catch (error) {
      if (!isAppError(error)) throw error;
      counts.fail(parent.path, error);
      return;
    }
    if (entry.type === 'directory') {
      this.#folders.enter(keyOf(path), parent, name, entry);
      const target = this.#folders.get(keyOf(path));
      if (target && !this.#dryRun) this.#durability.addFolder(target.path, target.device);
      placed(() => target?.path);
      if (target && entry.error !== undefined)
        counts.note(target.path, 'not_captured', `could not be read when the snapshot was made (${entry.error})`);
      return;
    }
    let wanted: Buffer = parent.path;
    try {
      wanted = this.#folders.pathIn(parent, name);
      const existing = parent.fresh ? undefined : platform.factsIfAny(wanted);
      if (entry.type === 'file') {
        const target = await this.#planFile({ path, snapshot }, parent, wanted, entry, existing);
        if (target) placed(() => (target.failed ? undefined : target.path));
      } else {
        const at = this.#special(parent, wanted, entry, existing);
        placed(() => at);
      }
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      counts.fail(wanted, error);
    }
  }

  async #planFile(
    { path, snapshot }: { readonly path: readonly Uint8Array[]; readonly snapshot: Snapshot },
    folder: FolderTarget,
    wanted: Buffer,
    entry: TreeEntry,
    existing: FileFacts | undefined,
  ): Promise<FileTarget | undefined> {
    const counts = this.#counts;
    const first = isLinked(entry) ? this.#links.get(linkKey(entry)) : undefined;
    counts.filesTotal += 1;
    if (first) {
      this.#linkJobs.push({ folder, wanted, entry, first });
      return first;
    }
    const decision = decide(this.#platform, this.#options.conflict, wanted, entry, existing, this.#free);
    if (decision.do !== 'place') {
      counts.filesSkipped += 1;
      return undefined;
    }
    let missing: readonly TargetChunk[];
    try {
      missing = await this.#options.reader.allChunksOf(entry, readOptions(this.#options.signal));
    } catch (error) {
      throw snapshot.lost && isAppError(error, 'chunk_not_found') ? contentLost(snapshot, path) : error;
    }
    // Not always the snapshot's own: see {@link TargetNames}.
    const name = this.#platform.split(wanted).at(-1)!;
    const target = this.#files.plan(folder, name, {
      path: decision.path,
      name: decision.renamed ? this.#platform.split(decision.path).at(-1)! : name,
      entry,
      base: existing?.kind === 'file' ? wanted : undefined,
      wanted: decision.renamed ? wanted : undefined,
      replaces: existing !== undefined && !decision.renamed,
      whenSame: this.#options.conflict === 'overwrite' ? 'metadata' : 'leave',
      missing,
    });
    if (isLinked(entry)) this.#links.set(linkKey(entry), target);
    counts.bytesTotal += contentLength(entry);
    this.#windows.add(target, existing);
    this.#report('plan');
    return target;
  }

  /** Where it is now; undefined when it was left out. */
  #special(folder: FolderTarget, wanted: Buffer, entry: TreeEntry, existing: FileFacts | undefined): Buffer | undefined {
    const counts = this.#counts;
    if (existing && entry.error === undefined && isSameSpecial(this.#platform, wanted, entry, existing)) {
      counts.filesUnchanged += 1;
      if (this.#options.conflict === 'overwrite' && !this.#dryRun) updateMetadata({ platform: this.#platform, counts }, wanted, entry);
      return wanted;
    }
    const decision = decide(this.#platform, this.#options.conflict, wanted, entry, existing, this.#free);
    if (decision.do !== 'place') {
      counts.filesSkipped += 1;
      return undefined;
    }
    if (this.#dryRun) counts.others += 1;
    else restoreSpecial(this.#shared, folder, decision.path, entry);
    if (decision.renamed) counts.note(decision.path, 'kept_both', keptBoth(wanted));
    return decision.path;
  }

  async #link({ folder, wanted, entry, first }: LinkJob): Promise<void> {
    const counts = this.#counts;
    if (this.#dryRun) {
      counts.files += 1;
      return;
    }
    try {
      if (!first.done)
        throw new EngineError('file_not_found', `${displayPath(wanted)}: is another name of a file that could not be restored`);
      const existing = folder.fresh ? undefined : this.#platform.factsIfAny(wanted);
      const facts = existing && this.#platform.facts(first.path);
      if (existing && facts && existing.inode === facts.inode && existing.device === facts.device) {
        counts.filesUnchanged += 1;
        return;
      }
      const decision = decide(this.#platform, this.#options.conflict, wanted, entry, existing, this.#free);
      if (decision.do !== 'place') {
        counts.filesSkipped += 1;
        return;
      }
      await restoreLink(this.#shared, folder, { first: first.path, path: decision.path, entry }, this.#options.signal);
      if (decision.renamed) counts.note(decision.path, 'kept_both', keptBoth(wanted));
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full' || error.code === 'interrupted') throw error;
      counts.fail(wanted, error);
    }
  }

  /** For the rule `fail`: nothing is written when anything but folders is in the way. What is in a folder that is not there need not be looked for. */
  async #refuseConflicts(snapshot: Snapshot): Promise<void> {
    const { to } = this.#options;
    const base = to === undefined ? [] : this.#platform.split(this.#platform.absolute(to));
    let absent: TreeEntry | undefined;
    for (const walk of this.#walks(snapshot, false, (folder) => folder !== absent)) {
      for await (const { path, entry } of walk) {
        const target = this.#platform.fromParts([...base, ...path.map((name) => Buffer.from(name))]);
        const existing = this.#platform.factsIfAny(target);
        if (!existing) absent = entry;
        if (!existing || (existing.kind === 'directory' && entry.type === 'directory')) continue;
        throw new EngineError('conflict', `${displayPath(target)} is there already; nothing was restored`, {
          context: { path: displayPath(target) },
          nextStep: 'Restore to another folder, or choose to keep both, to overwrite or to skip.',
        });
      }
    }
  }

  get #shared() {
    return { platform: this.#platform, counts: this.#counts, folders: this.#folders };
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

export const keptBoth = (wanted: Buffer): string => `${displayPath(wanted)} is there already and was left as it is`;
const displayed = (path: Buffer | undefined): string | undefined => path && displayPath(path);
const readOptions = (signal: AbortSignal | undefined) => (signal ? { signal } : {});
const isLinked = (entry: TreeEntry): boolean => (entry.links ?? 1) > 1 && entry.inode !== undefined;
const linkKey = (entry: TreeEntry): string => `${entry.device}:${entry.inode}`;
const keyOf = (names: readonly Uint8Array[]): string =>
  names.map((name) => Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('latin1')).join('/');

/** Entries of a folder follow each other: its target is looked up once for them. */
class Parents {
  readonly #folders: FolderTargets;
  #above: readonly Uint8Array[] = [];
  #target: FolderTarget | undefined;

  constructor(folders: FolderTargets) {
    this.#folders = folders;
  }

  of(path: readonly Uint8Array[]): FolderTarget | undefined {
    const same = this.#above.length === path.length - 1 && this.#above.every((name, i) => name === path[i]);
    if (same && this.#target) return this.#target;
    this.#above = path.slice(0, -1);
    return (this.#target = this.#folders.get(keyOf(this.#above)));
  }
}

function snapshotPath(path: string | Buffer): SnapshotPath {
  return typeof path === 'string' ? path : splitPath(path);
}
