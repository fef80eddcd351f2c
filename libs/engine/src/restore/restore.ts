import { randomBytes } from 'node:crypto';
import { isAppError, systemClock } from '#libs/kernel';
import { type SnapshotPath, splitPath, type TreeEntry, type WalkedEntry } from '#libs/vault';
import { EngineError, interrupted, throwIfInterrupted } from '../errors.ts';
import { currentPlatform, displayPath, type Platform } from '../platform/index.ts';
import { ProgressReporter } from '../progress.ts';
import { applyMetadata } from './apply-metadata.ts';
import { decide, stampOf } from './conflict.ts';
import { type ChunkPlace, fetchChunks } from './fetch-chunks.ts';
import type { FileTarget } from './file-target.ts';
import { type FolderTarget, FolderTargets } from './folder-targets.ts';
import { restoreLimits } from './limits.ts';
import { RestoreCounts } from './restore-counts.ts';
import { RestoreFiles } from './restore-files.ts';
import type { RestoreOptions, RestoreReport } from './restore-types.ts';

/** Another name of a file that is restored under its first one. */
interface LinkJob {
  readonly folder: FolderTarget;
  readonly path: Buffer;
  readonly first: FileTarget | { readonly path: Buffer; readonly done: true };
}

/**
 * Brings a snapshot, or paths of it, back to disk: plan → packs in order → files → links → metadata of folders.
 *
 * Never writes through a link that it did not make, never outside the destination. A file that can't be restored is named in the report with
 * pack and holder; the others come. Throws `conflict` (rule `fail`, before anything is written), `disk_full`, `interrupted`,
 * `destination_invalid`, and from the vault `snapshot_not_found`, `path_not_found`.
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  return new Restore(options).run();
}

class Restore {
  readonly #options: RestoreOptions;
  readonly #platform: Platform;
  readonly #counts = new RestoreCounts();
  readonly #folders: FolderTargets;
  readonly #files: RestoreFiles;
  readonly #progress: ProgressReporter;
  readonly #stamp: string;
  readonly #dryRun: boolean;
  readonly #placed: { from: string; to: string }[] = [];
  readonly #links = new Map<string, LinkJob['first']>();
  #linkJobs: LinkJob[] = [];
  #places: ChunkPlace[] = [];
  #planned: FileTarget[] = [];

  constructor(options: RestoreOptions) {
    const clock = options.clock ?? systemClock;
    this.#options = options;
    this.#platform = options.platform ?? currentPlatform();
    this.#stamp = stampOf(clock.nowMs());
    this.#dryRun = options.dryRun === true;
    this.#progress = new ProgressReporter(options.onProgress, clock, options.progressIntervalMs);
    const shared = { platform: this.#platform, counts: this.#counts };
    this.#folders = new FolderTargets({ ...shared, rule: options.conflict, stamp: this.#stamp, dryRun: this.#dryRun });
    this.#files = new RestoreFiles({
      ...shared,
      folders: this.#folders,
      verify: options.verify === true,
      mark: randomBytes(6).toString('hex'),
    });
  }

  async run(): Promise<RestoreReport> {
    const { reader, signal } = this.#options;
    throwIfInterrupted(signal);
    const snapshot = await reader.snapshot(this.#options.snapshot ?? 'latest', readOptions(signal));
    const selected = (this.#options.paths ?? []).map(snapshotPath);
    const walks = (): AsyncIterable<WalkedEntry>[] =>
      (selected.length === 0 ? ['/'] : selected).map((path) => reader.walk(snapshot, path, readOptions(signal)));
    try {
      if (this.#options.conflict === 'fail') for (const walk of walks()) await this.#refuseConflicts(walk);
      for (const walk of walks()) await this.#restoreBelow(walk);
      await this.#finishWindow();
      for (const job of this.#linkJobs) this.#link(job);
      this.#report('metadata');
      if (!this.#dryRun) this.#folders.applyMetadata();
    } catch (error) {
      throw signal?.aborted && !isAppError(error, 'interrupted') ? interrupted(error) : error;
    } finally {
      this.#files.cleanUp();
    }
    return this.#result(snapshot.sequence);
  }

  /** Plans everything that a walk yields; a full window is fetched before the next is planned. */
  async #restoreBelow(walk: AsyncIterable<WalkedEntry>): Promise<void> {
    let base: FolderTarget | undefined;
    let first = true;
    for await (const walked of walk) {
      throwIfInterrupted(this.#options.signal);
      const start = first || walked.path.length <= walked.rootDepth;
      if (start) base = this.#baseOf(walked);
      first = false;
      const parent = start ? base : this.#folders.get(keyOf(walked.path.slice(0, -1)));
      if (!parent) continue;
      await this.#plan(walked, parent, start);
      if (this.#planned.length >= restoreLimits.filesPerWindow || this.#places.length >= restoreLimits.placesPerWindow)
        await this.#finishWindow();
    }
  }

  /** The folder that the first entry of a walk goes into. */
  #baseOf({ path }: WalkedEntry): FolderTarget | undefined {
    const above = path.slice(0, -1).map((name) => Buffer.from(name));
    const { to } = this.#options;
    try {
      for (const name of above) {
        const problem = this.#platform.nameProblem(name);
        if (problem) throw new EngineError('unsafe_name', `${displayPath(name)}: the name ${problem}`);
      }
      if (to === undefined) return this.#folders.base(this.#platform.fromParts(above), []);
      return this.#folders.base(this.#platform.absolute(to), above);
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      throw new EngineError('destination_invalid', `the destination can not be used: ${error.message}`, {
        cause: error,
        nextStep: 'Choose another folder to restore to.',
      });
    }
  }

  async #plan({ path, entry }: WalkedEntry, parent: FolderTarget, start: boolean): Promise<void> {
    const name = path.at(-1) ?? new Uint8Array();
    const counts = this.#counts;
    if (start)
      this.#placed.push({
        from: displayPath(this.#platform.fromParts(path.map((part) => Buffer.from(part)))),
        to: displayPath(this.#platform.join(parent.path, Buffer.from(name))),
      });
    if (path.length === 0) {
      this.#folders.adopt('', parent);
      return;
    }
    if (entry.type === 'directory') {
      this.#folders.enter(keyOf(path), parent, name, entry);
      const target = this.#folders.get(keyOf(path));
      if (target && entry.error !== undefined)
        counts.note(target.path, 'not_captured', `could not be read when the snapshot was made (${entry.error})`);
      return;
    }
    let target: Buffer = parent.path;
    try {
      target = this.#folders.pathIn(parent, name);
      const existing = parent.fresh ? undefined : this.#platform.factsIfAny(target);
      const sameFile =
        this.#options.resume === true &&
        existing?.kind === entry.type &&
        existing.sizeBytes === entry.size &&
        existing.mtimeNs === entry.mtimeNs;
      if (sameFile && entry.type === 'file') {
        counts.filesSkipped += 1;
        if (isLinked(entry)) this.#links.set(linkKey(entry), { path: target, done: true });
        return;
      }
      const decision = decide(this.#platform, this.#options.conflict, target, entry, existing, this.#stamp);
      if (decision.do !== 'place') {
        counts.filesSkipped += 1;
        return;
      }
      if (decision.renamed) counts.note(decision.path, 'kept_both', `${displayPath(target)} is there already and was left as it is`);
      if (entry.type === 'file') await this.#planFile(parent, decision.path, entry);
      else this.#special(parent, decision.path, entry);
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      counts.fail(target, error);
    }
  }

  async #planFile(folder: FolderTarget, path: Buffer, entry: TreeEntry): Promise<void> {
    const counts = this.#counts;
    const first = isLinked(entry) ? this.#links.get(linkKey(entry)) : undefined;
    counts.filesTotal += 1;
    if (first) {
      this.#linkJobs.push({ folder, path, first });
      if (this.#dryRun) counts.files += 1;
      return;
    }
    const places: Omit<ChunkPlace, 'target'>[] = [];
    for await (const place of this.#options.reader.chunksOf(entry, readOptions(this.#options.signal))) places.push(place);
    const target = this.#files.begin(folder, path, entry);
    if (isLinked(entry)) this.#links.set(linkKey(entry), target);
    counts.bytesTotal += target.remaining;
    for (const place of places) {
      counts.packsNeeded.add(place.ordinal);
      this.#places.push({ ...place, target });
    }
    this.#planned.push(target);
    this.#report('plan');
  }

  /** Fetches what is planned. */
  async #finishWindow(): Promise<void> {
    const places = this.#places;
    const planned = this.#planned;
    this.#places = [];
    this.#planned = [];
    if (this.#dryRun) {
      const seen = new Set<string>();
      for (const { ordinal, offset, sealedLength, plainLength } of places) {
        this.#counts.bytes += plainLength;
        if (!seen.has(`${ordinal}:${offset}`)) this.#counts.bytesFetched += sealedLength;
        seen.add(`${ordinal}:${offset}`);
      }
      this.#counts.files += planned.length;
      return;
    }
    for (const target of planned) if (target.remaining === 0) this.#files.finishEmpty(target);
    await fetchChunks(places, {
      reader: this.#options.reader,
      files: this.#files,
      counts: this.#counts,
      parallelPacks: this.#options.parallelPacks ?? restoreLimits.parallelPacks,
      signal: this.#options.signal,
      report: () => this.#report('transfer'),
    });
  }

  #special(folder: FolderTarget, path: Buffer, entry: TreeEntry): void {
    if (this.#dryRun) {
      this.#counts.others += 1;
      return;
    }
    this.#folders.assertSame(folder);
    const temporary = this.#files.temporaryIn(folder);
    const platform = this.#platform;
    if (entry.error !== undefined)
      throw new EngineError('file_not_found', `${displayPath(path)}: could not be read when the snapshot was made (${entry.error})`);
    let made = true;
    if (entry.type === 'symlink') platform.symlink(Buffer.from(entry.linkTarget!), temporary);
    else if (entry.type === 'fifo') made = platform.fifo(temporary, 0o600) === 'done';
    else if (entry.type === 'char-device' || entry.type === 'block-device') {
      made =
        platform.device(temporary, entry.type === 'char-device' ? 'character-device' : 'block-device', entry.rdev ?? 0n, 0o600) === 'done';
    } else made = false;
    if (!made) {
      this.#counts.note(path, 'not_restored', `a ${entry.type} can not be made by this account or on this system`);
      return;
    }
    try {
      applyMetadata(platform, temporary, entry, this.#counts, { inherits: folder.inherits });
      platform.rename(temporary, path);
    } catch (error) {
      platform.remove(temporary, 'file');
      throw error;
    }
    this.#counts.others += 1;
  }

  #link({ folder, path, first }: LinkJob): void {
    if (this.#dryRun) return;
    try {
      if (!first.done)
        throw new EngineError('file_not_found', `${displayPath(path)}: is another name of a file that could not be restored`);
      this.#folders.assertSame(folder);
      const temporary = this.#files.temporaryIn(folder);
      this.#platform.hardLink(first.path, temporary);
      this.#platform.rename(temporary, path);
      // rename(2) does nothing when both are the same file already, and leaves the temporary name.
      this.#platform.remove(temporary, 'file');
      this.#counts.files += 1;
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      this.#counts.fail(path, error);
    }
  }

  /** For the rule `fail`: nothing is written when anything but folders is in the way. */
  async #refuseConflicts(walk: AsyncIterable<WalkedEntry>): Promise<void> {
    const { to } = this.#options;
    const base = to === undefined ? [] : this.#platform.split(this.#platform.absolute(to));
    for await (const { path, entry } of walk) {
      const target = this.#platform.fromParts([...base, ...path.map((name) => Buffer.from(name))]);
      const existing = this.#platform.factsIfAny(target);
      if (!existing || (existing.kind === 'directory' && entry.type === 'directory')) continue;
      throw new EngineError('conflict', `${displayPath(target)} is there already; nothing was restored`, {
        context: { path: displayPath(target) },
        nextStep: 'Restore to another folder, or choose to keep both, to overwrite or to skip.',
      });
    }
  }

  #report(phase: 'plan' | 'transfer' | 'metadata'): void {
    const counts = this.#counts;
    this.#progress.update(phase, () => ({
      filesDone: counts.files,
      bytesDone: counts.bytes,
      filesTotal: counts.filesTotal,
      bytesTotal: counts.bytesTotal,
      current: counts.current,
      errors: counts.errorCount,
    }));
  }

  #result(sequence: number): RestoreReport {
    const {
      files,
      directories,
      others,
      bytes,
      filesSkipped,
      packsNeeded,
      packsFetched,
      bytesFetched,
      filesVerified,
      errors,
      errorCount,
      notes,
    } = this.#counts;
    const bad = new Set(
      (this.#options.rejected ?? []).filter(({ code }) => code === 'block_corrupt').map(({ packId, leaf }) => `${packId}/${leaf}`),
    );
    const lost = errors.filter(({ code }) => code === 'block_corrupt').length;
    return {
      sequence,
      placed: this.#placed,
      files,
      directories,
      others,
      bytes,
      filesSkipped,
      packsNeeded: packsNeeded.size,
      packsFetched: packsFetched.size,
      bytesFetched,
      filesVerified,
      corruptionsRepaired: lost === 0 ? bad.size : Math.max(0, bad.size - lost),
      errors,
      errorCount,
      notes,
    };
  }
}

const readOptions = (signal: AbortSignal | undefined) => (signal ? { signal } : {});
const isLinked = (entry: TreeEntry): boolean => (entry.links ?? 1) > 1 && entry.inode !== undefined;
const linkKey = (entry: TreeEntry): string => `${entry.device}:${entry.inode}`;
const keyOf = (names: readonly Uint8Array[]): string =>
  names.map((name) => Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('latin1')).join('/');

function snapshotPath(path: string | Buffer): SnapshotPath {
  return typeof path === 'string' ? path : splitPath(path);
}
