import { isAppError } from '#libs/kernel';
import { contentLength, type TreeEntry } from '#libs/vault';
import { displayPath, type OpenFile, type Platform } from '../platform/index.ts';
import type { Durability } from './durability.ts';
import type { FileTarget } from './file-target.ts';
import type { Written } from './file-writer.ts';
import type { FolderTarget, FolderTargets } from './folder-targets.ts';
import { restoreLimits } from './limits.ts';
import type { RestoreCounts } from './restore-counts.ts';
import { receivedError } from './sent-error.ts';
import { temporaryName } from './temporary-name.ts';
import type { FolderIdentity, WrittenEntry, WriteTarget } from './write-messages.ts';

/**
 * The files of a restore from the side that plans: which are in the making, what is missing of them, how they end. The writing is done by
 * writers; see {@link FileWriter} for what is promised of each file.
 */
export class RestoreFiles {
  readonly #platform: Platform;
  readonly #counts: RestoreCounts;
  readonly #folders: FolderTargets;
  readonly #durability: Durability;
  readonly #unfinished = new Map<number, FileTarget>();
  /** Whole under their temporary names; they take their places once they are durable. */
  readonly #waiting = new Set<FileTarget>();
  #number = 0;

  constructor(options: { platform: Platform; counts: RestoreCounts; folders: FolderTargets; durability: Durability }) {
    this.#platform = options.platform;
    this.#counts = options.counts;
    this.#folders = options.folders;
    this.#durability = options.durability;
  }

  /** A file that is about to be restored to `path`. */
  plan(
    folder: FolderTarget,
    wantedName: Uint8Array,
    planned: Pick<FileTarget, 'path' | 'name' | 'entry' | 'base' | 'replaces' | 'whenSame' | 'missing' | 'wanted'>,
  ): FileTarget {
    this.#number += 1;
    const temporary = temporaryName(wantedName, planned.entry);
    const target: FileTarget = {
      ...planned,
      number: this.#number,
      folder,
      temporary: this.#platform.join(folder.path, temporary),
      temporaryName: temporary,
      remaining: contentLength(planned.entry),
      begun: false,
      failed: false,
      done: false,
    };
    this.#unfinished.set(target.number, target);
    return target;
  }

  /** Makes the temporary file for several writers, at its full length. Throws only what ends the run (`disk_full`). */
  begin(target: FileTarget): void {
    if (target.begun || target.failed) return;
    const { entry, temporary, folder } = target;
    this.#orFail(target, () => {
      const file = this.#create(temporary);
      target.begun = true;
      try {
        // Once it is made, its folder is looked at: nothing is written when that was exchanged for a link to elsewhere.
        this.#folders.assertSame(folder);
        // Holes stay holes, and what is missing is seen by its zeros and never by a short file.
        if (entry.size > 0) file.truncate(entry.size);
        if (entry.dataRanges === undefined && entry.size >= restoreLimits.preallocateBytes) file.preallocate(entry.size);
      } finally {
        file.close();
      }
    });
  }

  /** As a writer is told of it. `whole`: see {@link WriteTarget}. */
  sent(target: FileTarget, whole: boolean): WriteTarget {
    return {
      number: target.number,
      name: target.name.toString('latin1'),
      temporary: target.temporaryName.toString('latin1'),
      folder: identityOf(target.folder),
      entry: writtenEntry(target.entry),
      whole,
      replaces: target.replaces,
      rename: this.#waits(target) ? 'later' : 'now',
      uncached: !whole && target.entry.dataRanges === undefined && target.entry.size >= restoreLimits.uncachedFromBytes,
    };
  }

  /** Takes in what a writer did. Returns the targets that now have all their content and wait for their end. */
  take({ outcomes, notes }: Written): FileTarget[] {
    const complete: FileTarget[] = [];
    for (const note of notes) {
      const path = Buffer.from(note.path, 'latin1');
      if (note.once) this.#counts.noteOnce(path, note.code, note.message);
      else this.#counts.note(path, note.code, note.message);
    }
    for (const { number, bytes, finished, error, unopened } of outcomes) {
      const target = this.#unfinished.get(number);
      if (!target || target.failed || unopened) continue;
      if (error) {
        this.fail(target, receivedError(error));
        continue;
      }
      target.remaining -= bytes;
      this.#counts.bytes += bytes;
      if (finished) this.#finished(target);
      else if (target.remaining <= 0) complete.push(target);
    }
    return complete;
  }

  fail(target: FileTarget, error: unknown): void {
    if (target.failed || target.done) return;
    target.failed = true;
    this.#counts.fail(target.path, error);
    this.#discard(target);
  }

  /** The file that is there (`base`) is the same as the snapshot's. */
  isThere(target: FileTarget): void {
    this.#unfinished.delete(target.number);
    target.path = target.base!;
    target.done = true;
    target.remaining = 0;
    target.missing = [];
    this.#counts.filesUnchanged += 1;
    this.#counts.bytesUnchanged += contentLength(target.entry);
  }

  /** The temporary file is there with all but these chunks. */
  isBegun(target: FileTarget, missing: FileTarget['missing']): void {
    target.begun = true;
    target.missing = missing;
    const left = missing.reduce((sum, { plainLength }) => sum + plainLength, 0);
    this.#counts.bytesUnchanged += target.remaining - left;
    target.remaining = left;
  }

  /** Gives those of the files that replace others their names, after they were made durable. */
  async publish(files: readonly FileTarget[]): Promise<void> {
    const durable = files.filter((target) => this.#waiting.delete(target));
    if (durable.length === 0) return;
    await this.#durability.flush();
    for (const target of durable) {
      this.#orFail(target, () => {
        this.#platform.rename(target.temporary, target.path);
        this.#durability.wrote(target.folder.path);
        this.#ended(target);
      });
    }
  }

  /**
   * Removes what did not get finished. After an interruption (`keep`) what is whole or large stays under its temporary name: the next run goes
   * on with it.
   */
  cleanUp(keep: boolean): void {
    for (const target of this.#unfinished.values()) {
      const written = contentLength(target.entry) - target.remaining;
      if (!keep || written < restoreLimits.keepPartialBytes) this.#discard(target);
    }
  }

  #finished(target: FileTarget): void {
    target.begun = true;
    const waits = this.#waits(target);
    this.#durability.wrote(waits ? target.temporary : target.path, contentLength(target.entry));
    if (waits) this.#waiting.add(target);
    else this.#ended(target);
  }

  #waits(target: FileTarget): boolean {
    return target.replaces && this.#durability.wanted;
  }

  #ended(target: FileTarget): void {
    target.done = true;
    this.#unfinished.delete(target.number);
    this.#counts.files += 1;
    this.#counts.current = displayPath(target.path);
  }

  #create(temporary: Buffer): OpenFile {
    // Left by a restore that was killed, and of no use.
    this.#platform.remove(temporary, 'file');
    return this.#platform.create(temporary);
  }

  #orFail(target: FileTarget, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      this.fail(target, error);
    }
  }

  #discard(target: FileTarget): void {
    this.#unfinished.delete(target.number);
    if (!target.begun) return;
    try {
      this.#platform.remove(target.temporary, 'file');
    } catch (error) {
      if (!isAppError(error)) throw error;
      this.#counts.note(target.temporary, 'temporary_left', 'could not be removed');
    }
  }
}

const identities = new WeakMap<FolderTarget, FolderIdentity>();

/** The same object each time. */
export function identityOf(folder: FolderTarget): FolderIdentity {
  let identity = identities.get(folder);
  if (!identity) {
    const { path, device, inode, inherits } = folder;
    identities.set(folder, (identity = { path: path.toString('latin1'), device, inode, inherits }));
  }
  return identity;
}

/** What a writer needs of an entry. Views of a decoded folder would be sent with the whole folder. */
export function writtenEntry({ type, mode, uid, gid, user, group, mtimeNs, size, dataRanges, xattrs }: TreeEntry): WrittenEntry {
  return {
    ...{ type, mode, uid, gid, mtimeNs, size },
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    ...(dataRanges && { dataRanges }),
    ...(xattrs && { xattrs: xattrs.map(({ name, value }) => ({ name: name.slice(), value: value.slice() })) }),
  };
}
