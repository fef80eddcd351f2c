import type { AppErrorOptions } from '#libs/kernel';
import type { ChunkKind, OpenablePack, OpenerSeed, TreeEntry } from '#libs/vault';

/**
 * What passes between a restore and the writers of its files, in this thread or in others. Both sides run the same version of the same program:
 * nothing here is a format. Paths are latin1 text of their bytes, and numbers stand in typed arrays of their own: a view of a pooled buffer
 * would be copied with the whole pool.
 */

/** A folder, and which one it was when the restore made or checked it. */
export interface FolderIdentity {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
  /** Hands attributes on to what is made in it: it has a default ACL. */
  readonly inherits: boolean;
}

/** What of an entry is needed to write it and to give it its metadata. */
export type WrittenEntry = Pick<
  TreeEntry,
  'type' | 'mode' | 'uid' | 'gid' | 'user' | 'group' | 'mtimeNs' | 'size' | 'dataRanges' | 'xattrs'
>;

export interface WriteTarget {
  readonly number: number;
  /** Names in `folder`: its own, and what it is called until it is whole. */
  readonly name: string;
  readonly temporary: string;
  /** One object for all targets of a run that are in it: it crosses over once. */
  readonly folder: FolderIdentity;
  readonly entry: WrittenEntry;
  /** All that is to be written of it is in this one run, and the file is not there yet: made, written and finished in one go. */
  readonly whole: boolean;
  /** `later`: it replaces something, so the restore renames it once its bytes are durable. */
  readonly rename: 'now' | 'later';
  /** Something may be there under its name. */
  readonly replaces: boolean;
  /** Large, without holes and made already: its content goes past the page cache where the system can. */
  readonly uncached: boolean;
}

/** A stretch of a pack and where its chunks go. */
export interface WriteRun {
  readonly pack: OpenablePack;
  readonly kind: ChunkKind;
  /** Sealed bytes from `offset` of the pack. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** They were checked against the pack id. If not, a chunk that does not open is no failure yet: see {@link TargetOutcome.unopened}. */
  readonly checked: boolean;
  /** 32 bytes a chunk. */
  readonly ids: Uint8Array;
  /** For each chunk: offset, sealed length, plain length, how many places. */
  readonly chunks: Float64Array;
  /** For each place, chunk by chunk: index in `targets`, content offset. */
  readonly places: Float64Array;
  readonly targets: readonly WriteTarget[];
}

/** An error that crosses threads. */
export interface SentError {
  readonly code: string;
  readonly message: string;
  readonly options?: Pick<AppErrorOptions, 'status' | 'nextStep' | 'context'>;
}

export interface TargetOutcome {
  readonly number: number;
  readonly bytes: number;
  readonly finished: boolean;
  readonly error?: SentError;
  /** A chunk of it did not open, and the bytes were not checked: nothing of this run counts for it, and the run is to be sent again with bytes that were. */
  readonly unopened?: true;
}

/** Which of a file's chunks are at their places in a file that is there. */
export interface CompareJob {
  readonly number: number;
  /** The file to look into. `own`: one that an earlier restore began; it must be ours alone to be gone on with. */
  readonly path: string;
  readonly own: boolean;
  readonly entry: WrittenEntry;
  /** 32 bytes a chunk; their places in the content. */
  readonly ids: Uint8Array;
  readonly contentOffsets: Float64Array;
  readonly lengths: Float64Array;
  /** When some but not all chunks are right: make this file with them. */
  readonly copyTo?: { readonly temporary: string; readonly folder: FolderIdentity };
  /** Read from the disk and not from memory, as far as the system can. */
  readonly fromDisk: boolean;
}

export interface CompareOutcome {
  readonly number: number;
  /** One byte a chunk: 1 is right. */
  readonly matches: Uint8Array;
  /** Every chunk right, size right, nothing but zeros in the holes. */
  readonly same: boolean;
  /** The right chunks are in the temporary file now (or were: `own`). */
  readonly copied: boolean;
}

export interface Note {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly once: boolean;
}

export interface WriterStart {
  readonly seed: OpenerSeed;
  /** One int: 1 when the run was stopped. */
  readonly stop: Int32Array;
}

export type ToWriter =
  | { readonly type: 'write'; readonly run: WriteRun }
  | { readonly type: 'finish'; readonly target: WriteTarget }
  | { readonly type: 'compare'; readonly jobs: readonly CompareJob[] };

export type FromWriter =
  /** The first message: everything that it needs is loaded. */
  | { readonly type: 'ready' }
  | {
      readonly type: 'written';
      readonly outcomes: readonly TargetOutcome[];
      readonly notes: readonly Note[];
    }
  | { readonly type: 'compared'; readonly outcomes: readonly CompareOutcome[] }
  | { readonly type: 'failed'; readonly error: SentError };
