import type { LocatedChunk, TreeEntry } from '#libs/vault';
import type { FolderTarget } from './folder-targets.ts';

/** One file in the making: written piece by piece under a temporary name beside its place. */
export interface FileTarget {
  readonly number: number;
  readonly folder: FolderTarget;
  /** Final path, and its last part. */
  path: Buffer;
  readonly name: Buffer;
  readonly temporary: Buffer;
  readonly temporaryName: Buffer;
  readonly entry: TreeEntry;
  /** A file that is there and may have some of the content already; it stands at `path` unless both are kept. */
  readonly base: Buffer | undefined;
  /** It takes the place of something that was there before. */
  readonly replaces: boolean;
  /** What to do when the file that is there is the same. */
  readonly whenSame: 'leave' | 'metadata';
  /** Chunks that are not at their places yet. */
  missing: readonly TargetChunk[];
  /** When both are kept: where it was wanted. */
  readonly wanted: Buffer | undefined;
  /** Content bytes that are not written yet. */
  remaining: number;
  /** The temporary file is there, made by the restore and not by a writer in one go. */
  begun: boolean;
  failed: boolean;
  done: boolean;
}

export interface TargetChunk extends LocatedChunk {
  readonly contentOffset: number;
}

/** A place that needs a chunk. */
export interface ChunkPlace extends TargetChunk {
  readonly target: FileTarget;
}
