import { hash } from 'node:crypto';
import { isAppError } from '#libs/kernel';
import { contentLength, segmentsOfContent, type TreeEntry } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { displayPath, type OpenFile, type Platform } from '../platform/index.ts';
import { applyMetadata } from './apply-metadata.ts';
import { type FileTarget, OpenTargets } from './file-target.ts';
import type { FolderTarget, FolderTargets } from './folder-targets.ts';
import { restoreLimits } from './limits.ts';
import type { RestoreCounts } from './restore-counts.ts';

/**
 * Files in the making. Each is written under a temporary name beside its place, gets its metadata there, and is renamed when it is whole:
 * so nobody ever sees a half restored file under its name, and a crash leaves only temporary ones.
 */
export class RestoreFiles {
  readonly #platform: Platform;
  readonly #counts: RestoreCounts;
  readonly #folders: FolderTargets;
  readonly #verify: boolean;
  readonly #open: OpenTargets;
  readonly #mark: string;
  readonly #unfinished = new Set<FileTarget>();
  #number = 0;

  /** `mark` makes temporary names unlike those of any other run. */
  constructor(options: { platform: Platform; counts: RestoreCounts; folders: FolderTargets; verify: boolean; mark: string }) {
    this.#platform = options.platform;
    this.#counts = options.counts;
    this.#folders = options.folders;
    this.#verify = options.verify;
    this.#mark = options.mark;
    this.#open = new OpenTargets(options.platform, restoreLimits.openFiles);
  }

  /** A file that is about to be restored to `path`. */
  begin(folder: FolderTarget, path: Buffer, entry: TreeEntry): FileTarget {
    const temporary = this.temporaryIn(folder);
    const target: FileTarget = {
      folder,
      path,
      temporary,
      entry,
      remaining: contentLength(entry),
      started: false,
      failed: false,
      done: false,
      written: this.#verify ? new Map() : undefined,
    };
    this.#unfinished.add(target);
    return target;
  }

  temporaryIn(folder: FolderTarget): Buffer {
    this.#number += 1;
    return this.#platform.join(folder.path, Buffer.from(`.holdfast-${this.#mark}-${this.#number}`));
  }

  /** Writes a chunk at its place; finishes the file with its last one. Throws only what ends the run (`disk_full`). */
  write(target: FileTarget, contentOffset: number, plaintext: Uint8Array): void {
    if (target.failed) return;
    this.#orFail(target, () => {
      const file = this.#begun(target, plaintext.length === target.entry.size);
      for (const segment of segmentsOfContent(target.entry, contentOffset, plaintext.length)) {
        const from = segment.contentOffset - contentOffset;
        file.write(plaintext.subarray(from, from + segment.length), segment.fileOffset);
      }
      target.written?.set(contentOffset, { length: plaintext.length, digest: digestOf(plaintext) });
      target.remaining -= plaintext.length;
      this.#counts.bytes += plaintext.length;
      if (target.remaining <= 0) this.#finish(target);
    });
  }

  /** For files without content: empty ones and those that are one hole. */
  finishEmpty(target: FileTarget): void {
    this.#orFail(target, () => {
      this.#begun(target, false);
      this.#finish(target);
    });
  }

  fail(target: FileTarget, error: unknown): void {
    if (target.failed || target.done) return;
    target.failed = true;
    this.#counts.fail(target.path, error);
    this.#discard(target);
  }

  /** Closes everything and removes what did not get finished. */
  cleanUp(): void {
    this.#open.closeAll();
    for (const target of [...this.#unfinished]) this.#discard(target);
  }

  /** The open file. Once it is made, its folder is looked at: nothing is written when that was exchanged for a link to elsewhere. */
  #begun(target: FileTarget, wholeAtOnce: boolean): OpenFile {
    const { started } = target;
    const file = this.#open.get(target, wholeAtOnce);
    if (!started) this.#folders.assertSame(target.folder);
    return file;
  }

  #finish(target: FileTarget): void {
    const { entry, temporary, path } = target;
    const file = this.#open.get(target);
    applyMetadata(this.#platform, temporary, entry, this.#counts, { file, inherits: target.folder.inherits });
    this.#open.close(target);
    // Were the folder exchanged meanwhile, the temporary file would not be there to be renamed.
    this.#platform.rename(temporary, path);
    target.done = true;
    this.#unfinished.delete(target);
    this.#counts.files += 1;
    this.#counts.current = displayPath(path);
    if (target.written) this.#readBack(target);
  }

  #readBack({ path, entry, written }: FileTarget): void {
    const file = this.#platform.openToRead(path);
    try {
      if (file.facts().sizeBytes !== entry.size)
        throw new EngineError('io_failed', `${displayPath(path)}: has another size on the disk than was written`);
      for (const [contentOffset, { length, digest }] of written!) {
        const bytes = Buffer.allocUnsafe(length);
        for (const segment of segmentsOfContent(entry, contentOffset, length)) {
          const from = segment.contentOffset - contentOffset;
          file.read(bytes.subarray(from, from + segment.length), segment.fileOffset);
        }
        if (!digestOf(bytes).equals(digest))
          throw new EngineError(
            'io_failed',
            `${displayPath(path)}: reads back differently than it was written, at byte ${contentOffset} of its content`,
          );
      }
      this.#counts.filesVerified += 1;
    } finally {
      file.close();
    }
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
    this.#unfinished.delete(target);
    this.#open.close(target);
    if (!target.started) return;
    try {
      this.#platform.remove(target.temporary, 'file');
    } catch (error) {
      if (!isAppError(error)) throw error;
      this.#counts.note(target.temporary, 'temporary_left', 'could not be removed');
    }
  }
}

const digestOf = (bytes: Uint8Array): Buffer => hash('blake2b512', bytes, 'buffer');
