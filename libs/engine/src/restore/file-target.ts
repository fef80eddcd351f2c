import type { TreeEntry } from '#libs/vault';
import type { OpenFile, Platform } from '../platform/index.ts';
import type { FolderTarget } from './folder-targets.ts';

/** One file in the making: written piece by piece under a temporary name beside its place. */
export interface FileTarget {
  readonly folder: FolderTarget;
  /** Final path. */
  readonly path: Buffer;
  readonly temporary: Buffer;
  readonly entry: TreeEntry;
  /** Content bytes that are not written yet. */
  remaining: number;
  started: boolean;
  failed: boolean;
  done: boolean;
  /** What was written, by content offset: digests to compare with when it is read back. Only with `verify`. */
  readonly written: Map<number, { readonly length: number; readonly digest: Buffer }> | undefined;
}

/** Files that are open for writing, at most so many; the one not used for longest is closed for the next. */
export class OpenTargets {
  readonly #platform: Platform;
  readonly #limit: number;
  readonly #open = new Map<FileTarget, OpenFile>();

  constructor(platform: Platform, limit: number) {
    this.#platform = platform;
    this.#limit = limit;
  }

  /** `wholeAtOnce`: all of the file is about to be written. */
  get(target: FileTarget, wholeAtOnce = false): OpenFile {
    const known = this.#open.get(target);
    if (known) {
      this.#open.delete(target);
      this.#open.set(target, known);
      return known;
    }
    if (this.#open.size >= this.#limit) this.close(this.#open.keys().next().value!);
    const file = target.started ? this.#platform.openToWrite(target.temporary) : this.#platform.create(target.temporary);
    this.#open.set(target, file);
    if (!target.started) {
      target.started = true;
      // The full length at once: holes stay holes, and what is missing is seen by its zeros and never by a short file.
      if (target.entry.size > 0 && !wholeAtOnce) file.truncate(target.entry.size);
    }
    return file;
  }

  close(target: FileTarget): void {
    const file = this.#open.get(target);
    this.#open.delete(target);
    file?.close();
  }

  closeAll(): void {
    for (const target of [...this.#open.keys()]) this.close(target);
  }
}
