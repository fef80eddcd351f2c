import type { TreeEntry } from '../tree/tree-entry.ts';

/** One backed-up path. `entry` carries the metadata of the folder (or file) itself; its name is empty. */
export interface SnapshotRoot {
  /** Absolute path as bytes, `/`-separated. */
  readonly path: Uint8Array;
  readonly entry: TreeEntry;
}

/** What a repair found to be in no pack any more. A folder whose own list is lost counts with all that was below it. */
export interface SnapshotLoss {
  readonly files: number;
  readonly folders: number;
  /** Sizes of these files. */
  readonly bytes: number;
}

/** One backup of the chosen folders. Sealed in an index pack and signed by the device. */
export interface SnapshotRecord {
  /** From 1, one more than the snapshot before. */
  readonly sequence: number;
  /** Id of the previous record, undefined for the first. */
  readonly previous: Uint8Array | undefined;
  /** The device's clock. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly host: string;
  readonly user: string;
  readonly roots: readonly SnapshotRoot[];
  readonly excludes: readonly string[];
  readonly tags: readonly string[];
  readonly stats: Readonly<Record<string, number>>;
  /** Some folder could not be read, or the run was stopped. */
  readonly partial: boolean;
  /** Of paths that somebody named, not of everything that this device is to back up. Undefined: false. */
  readonly adHoc?: boolean | undefined;
  /**
   * A repair accepted that parts are lost: those whose chunks the index does not know. Undefined: a chunk that is missing is damage that
   * nobody has looked at yet.
   */
  readonly lost?: SnapshotLoss | undefined;
}
