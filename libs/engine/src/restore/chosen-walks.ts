import { type Snapshot, type SnapshotPath, splitPath, type TreeEntry, type WalkedEntry } from '#libs/vault';
import type { FolderTargets } from './folder-targets.ts';
import { folderKey } from './folder-keys.ts';
import type { RestoreCounts } from './restore-counts.ts';
import type { RestoreOptions } from './restore-types.ts';
import type { Platform } from '../platform/index.ts';
import { withoutPowers } from './without-powers.ts';

interface WalkOptions {
  readonly chosen: Pick<RestoreOptions, 'reader' | 'snapshot' | 'paths' | 'withoutPowers' | 'signal'>;
  readonly platform: Platform;
  readonly counts: RestoreCounts;
  readonly folders: FolderTargets;
}

/** What was chosen to be restored: the snapshot, and a walk for each path of it. */
export class ChosenWalks {
  readonly #options: WalkOptions;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** Throws `snapshot_not_found`. */
  async snapshot(): Promise<Snapshot> {
    const { reader, snapshot = 'latest', signal } = this.#options.chosen;
    return snapshot === 'latest' ? reader.latest(this.#paths(), readOptions(signal)) : reader.snapshot(snapshot, readOptions(signal));
  }

  /** To restore from: a list of names that is lost is an error of its folder, and the rest comes. A device that is left out is noted. */
  toRestore(snapshot: Snapshot): Generator<AsyncIterable<WalkedEntry>> {
    const { platform, counts, folders } = this.#options;
    return this.#walks(
      snapshot,
      (path, error) => counts.fail(folders.get(folderKey(path))?.path ?? platform.fromParts(path.map((name) => Buffer.from(name))), error),
      (path) =>
        counts.note(platform.fromParts(path.map((name) => Buffer.from(name))), 'not_restored', 'devices of other machines are left out'),
    );
  }

  /** The same entries, to look at before: says nothing of what is lost or left out. `enters`: which folders to look into. */
  toLook(snapshot: Snapshot, enters?: (folder: TreeEntry) => boolean): Generator<AsyncIterable<WalkedEntry>> {
    return this.#walks(snapshot, nothing, nothing, enters);
  }

  #paths(): SnapshotPath[] {
    const { paths = [] } = this.#options.chosen;
    return paths.map((path) => (typeof path === 'string' ? path : splitPath(path)));
  }

  *#walks(
    snapshot: Snapshot,
    onUnreadable: (path: readonly Uint8Array[], error: unknown) => void,
    leftOut: (path: readonly Uint8Array[]) => void,
    enters?: (folder: TreeEntry) => boolean,
  ): Generator<AsyncIterable<WalkedEntry>> {
    const { reader, signal, withoutPowers: harmless } = this.#options.chosen;
    const selected = this.#paths();
    for (const path of selected.length === 0 ? ['/'] : selected) {
      const walk = reader.walk(snapshot, path, { ...readOptions(signal), onUnreadable, ...(enters && { enters }) });
      yield harmless === true ? withoutPowers(walk, leftOut) : walk;
    }
  }
}

const nothing = (): void => undefined;

/** Options of a read that ends with `signal`. */
export const readOptions = (signal: AbortSignal | undefined) => (signal ? { signal } : {});
