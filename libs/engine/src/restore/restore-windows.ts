import { forEachConcurrent } from '#libs/kernel';
import type { VaultReader } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { displayPath, type FileFacts, type Platform } from '../platform/index.ts';
import { keptBoth } from './conflict.ts';
import type { Durability } from './durability.ts';
import { findExisting, readBack } from './existing-files.ts';
import { fetchChunks, finishTarget } from './fetch-chunks.ts';
import type { ChunkPlace, FileTarget } from './file-target.ts';
import type { FolderTargets } from './folder-targets.ts';
import { restoreLimits } from './limits.ts';
import type { RestoreCounts } from './restore-counts.ts';
import type { RestoreFiles } from './restore-files.ts';
import { RunMemory } from './run-memory.ts';
import { updateMetadata } from './special-files.ts';
import type { Writers } from './writers.ts';

interface WindowOptions {
  readonly platform: Platform;
  readonly counts: RestoreCounts;
  readonly reader: VaultReader;
  readonly files: RestoreFiles;
  readonly folders: FolderTargets;
  readonly durability: Durability;
  readonly writers: Writers;
  readonly parallelPacks: number;
  readonly verify: boolean;
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
  readonly report: () => void;
}

/**
 * The files of a restore, so many at a time: within a window packs are read in their order, whatever the order of the files. One window is
 * fetched, the one before it comes to its end, so that no writer waits for the last run of another, and the next is planned. Memory: three windows (see
 * {@link restoreLimits}).
 */
export class RestoreWindows {
  readonly #options: WindowOptions;
  readonly #memory = new RunMemory();
  #targets: FileTarget[] = [];
  #places = 0;
  #filesPerWindow: number = restoreLimits.filesInFirstWindow;
  /** The last window, and the one before it. */
  #running: Promise<void> = Promise.resolve();
  #ending: Promise<void> = Promise.resolve();

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  /** `existing`: what is at the place. */
  add(target: FileTarget, existing: FileFacts | undefined): void {
    if (this.#options.dryRun) return this.#count(target, existing);
    this.#targets.push(target);
    this.#places += target.missing.length;
  }

  /** Waits until the next file may be planned. Throws what ended the window before. */
  async room(): Promise<void> {
    if (this.#targets.length >= this.#filesPerWindow || this.#places >= restoreLimits.placesPerWindow) await this.#next();
  }

  /** Everything that was planned is restored. */
  async finish(): Promise<void> {
    await this.#next();
    await this.#ending;
    await this.#running;
  }

  /** Nothing of it is under way any more, however it ended. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#ending, this.#running]);
  }

  async #next(): Promise<void> {
    const targets = this.#targets;
    this.#targets = [];
    this.#places = 0;
    this.#filesPerWindow = restoreLimits.filesPerWindow;
    await this.#ending;
    this.#ending = this.#running;
    this.#options.writers.expect(
      targets.length,
      targets.reduce((sum, { remaining }) => sum + remaining, 0),
    );
    this.#running = this.#restore(targets);
    // Seen when it is awaited.
    this.#running.catch(() => undefined);
  }

  async #restore(targets: readonly FileTarget[]): Promise<void> {
    const { files, writers, counts, platform, signal } = this.#options;
    const all = this.#options.verify ? targets.map((target) => ({ target, chunks: target.missing })) : [];
    for (const target of await findExisting(targets, this.#options))
      if (target.whenSame === 'metadata') updateMetadata({ platform, counts }, target.path, target.entry);
    const places: ChunkPlace[] = [];
    const complete: FileTarget[] = [];
    for (const target of targets) {
      if (target.done) continue;
      if (target.missing.length === 0 && !target.failed) complete.push(target);
      for (const chunk of target.missing) {
        counts.packsNeeded.add(chunk.ordinal);
        places.push({ ...chunk, target });
      }
    }
    await forEachConcurrent(complete, writers.count * 2, (target) => finishTarget(target, files, writers), signal ? { signal } : {});
    await fetchChunks(places, { ...this.#options, memory: this.#memory, writer: writers });
    await files.publish(targets);
    for (const target of targets)
      if (target.done && target.wanted && target.path !== target.base) counts.note(target.path, 'kept_both', keptBoth(target.wanted));
    if (all.length > 0) await this.#verify(all);
  }

  async #verify(all: readonly { readonly target: FileTarget; readonly chunks: FileTarget['missing'] }[]): Promise<void> {
    const { counts, durability } = this.#options;
    await durability.flush();
    const { whole, wrong } = await readBack(
      all.filter(({ target }) => target.done),
      this.#options,
    );
    counts.filesVerified += whole;
    for (const target of wrong)
      counts.fail(target.path, new EngineError('io_failed', `${displayPath(target.path)}: reads back differently than it was written`));
  }

  #count(target: FileTarget, existing: FileFacts | undefined): void {
    const { counts } = this.#options;
    const { entry } = target;
    target.done = true;
    if (existing?.kind === 'file' && existing.sizeBytes === entry.size && existing.mtimeNs === entry.mtimeNs) {
      target.path = target.base ?? target.path;
      counts.filesUnchanged += 1;
      counts.bytesUnchanged += target.remaining;
      return;
    }
    counts.files += 1;
    counts.bytes += target.remaining;
    for (const { ordinal, offset, sealedLength } of target.missing) {
      counts.packsNeeded.add(ordinal);
      const key = ordinal * 2 ** 28 + offset;
      if (!counts.chunksSeen.has(key)) counts.bytesFetched += sealedLength;
      counts.chunksSeen.add(key);
    }
  }
}
