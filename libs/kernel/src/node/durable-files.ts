import { AppError } from '../index.ts';

/**
 * - `file_not_found`: nothing at that path
 * - `disk_full` (temporary): no space or quota left; nothing was changed
 * - `access_denied`: the operating system says no, or the file system is read-only
 * - `file_too_large`: longer than the caller's `maxBytes`; nothing was allocated
 * - `too_many_open_files` (temporary)
 * - `io_failed`: anything else, the system's code in `context.system`
 */
export type FilesErrorCode = 'file_not_found' | 'disk_full' | 'access_denied' | 'file_too_large' | 'too_many_open_files' | 'io_failed';

export class FilesError extends AppError<FilesErrorCode> {
  override readonly name = 'FilesError';
}

export interface FileEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
}

/** Reads of an open file, any number at once. */
export interface ReadableFile {
  readonly sizeBytes: number;
  /**
   * Exactly `length` bytes from `offset`; fewer only when the file ends there. `into` (at least `length` bytes) may be
   * used for them, which spares a fresh mebibyte of memory for every one that is read.
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file written piece by piece: a transfer that can be resumed. Durable only after {@link WritableFile.sync}. */
export interface WritableFile extends ReadableFile {
  write(offset: number, bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
}

/**
 * The only way that state reaches the disk. Paths are absolute UTF-8 text inside our own data folders.
 *
 * Guarantees: whatever a mutating call did is on stable storage when it resolves; when the process or the machine dies
 * before, {@link replace} and {@link move} left the old state or the new one, whole, and {@link append} left a prefix of
 * what was appended. Folders are made as needed, mode 0700; files are 0600. Throws {@link FilesError} only.
 * One conformance suite (`#libs/kernel/testing`) holds every implementation to this.
 */
export interface DurableFiles {
  /** Puts a whole file there: temporary file → write → fsync → rename → fsync of the folder. Several parts are written one after the other. */
  replace(path: string, ...parts: readonly Uint8Array[]): Promise<void>;
  /** Adds to the end, creating the file. Records must carry their own length and checksum: a crash may tear the last one. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** The whole file. Throws `file_not_found`; `file_too_large` when it is longer than `maxBytes`, before allocating. */
  read(path: string, options?: { readonly maxBytes?: number }): Promise<Uint8Array>;
  /** Throws `file_not_found`. */
  open(path: string): Promise<ReadableFile>;
  /**
   * Opens for reading and writing at any offset, creating it empty. Not atomic: finish with `sync`, `close`, {@link move}. `uncached`: what is written is not
   * to take room in the system's page cache, where that can be had; it takes `pageAligned` memory and whole pages. The same file comes of it either way.
   */
  openWritable(path: string, options?: { readonly uncached?: boolean }): Promise<WritableFile>;
  /** Renames over whatever is there, durably. Both in the same file system. Throws `file_not_found`. */
  move(from: string, to: string): Promise<void>;
  /** Size in bytes of a file, or undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  /** Entries in no order, without the temporary files of {@link replace}. A missing folder is an empty one. */
  list(folder: string): Promise<FileEntry[]>;
  /** Removes a file; no error when it is not there. */
  remove(path: string): Promise<void>;
  /** Removes temporary files that a crash left in this folder. Only while nobody else writes to it. */
  sweep(folder: string): Promise<void>;
}

/** Temporary files are named so that a listing can hide them and a sweep can find them. */
export const temporaryPrefix = '.tmp-';
