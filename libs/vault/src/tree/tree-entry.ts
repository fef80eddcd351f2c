export type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'block-device' | 'char-device';

/** A stretch of a sparse file that holds data; what lies between is a hole. */
export interface DataRange {
  readonly offset: number;
  readonly length: number;
}

export interface Xattr {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * Where a file's bytes are: ids of its chunks in order, 32 bytes each, one after the other (up to 1,000),
 * or the id of a chunk of chunk ids (`depth` 1: ids of data chunks; 2: ids of such chunks; …).
 */
export type FileContent = { readonly ids: Uint8Array } | { readonly chunkList: Uint8Array; readonly depth: number };

/** Totals of everything below a directory, for previews. */
export interface TreeSummary {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
}

/** One name in a directory. Names, link targets and xattr names are bytes as the file system gave them. */
export interface TreeEntry {
  readonly name: Uint8Array;
  readonly type: EntryType;
  /** Permission bits (07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** Nanoseconds since 1970, may be negative; signed 64 bits. */
  readonly mtimeNs: bigint;
  readonly ctimeNs?: bigint | undefined;
  readonly birthtimeNs?: bigint | undefined;
  /** Files: logical size in bytes, holes included. Others: 0. */
  readonly size: number;
  readonly inode?: bigint | undefined;
  readonly device?: bigint | undefined;
  /** Hard-link count; names with the same inode and device and links > 1 are one file. */
  readonly links?: number | undefined;
  /** Block and character devices: the device number (st_rdev). */
  readonly rdev?: bigint | undefined;
  readonly linkTarget?: Uint8Array | undefined;
  readonly xattrs?: readonly Xattr[] | undefined;
  /** Absent: the file is dense. Present: only these ranges have bytes in `content`, one after the other. */
  readonly dataRanges?: readonly DataRange[] | undefined;
  /** Files. Absent when the file is empty, all hole, or could not be read. */
  readonly content?: FileContent | undefined;
  /** Directories: id of the tree. Absent when it could not be read. */
  readonly tree?: Uint8Array | undefined;
  readonly summary?: TreeSummary | undefined;
  /** Why it could not be read (a stable code such as `EACCES`): content is missing. */
  readonly error?: string | undefined;
  /** The file changed while it was read, twice: the content may mix two states. */
  readonly changedWhileRead?: boolean | undefined;
}
