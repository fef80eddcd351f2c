import type { Snapshot, TreeEntry, VaultReader } from '#libs/vault';
import { equalBytes } from '#libs/kernel';
import { diffSnapshots } from '../diff/diff-snapshots.ts';
import { changeOf, entryAt } from '../diff/entry-change.ts';
import { throwIfInterrupted } from '../errors.ts';

/** One state of one path, and the snapshots in a row that have it so. */
export interface FoundVersion {
  readonly path: readonly Uint8Array[];
  readonly entry: TreeEntry;
  /** Sequences of the first and the last of these snapshots. */
  readonly first: number;
  readonly last: number;
  readonly snapshots: number;
  /** The one after the last of them does not have the path any more. */
  readonly removed: boolean;
}

export interface FindOptions {
  /** Whether a name, or a whole path, is looked for. */
  readonly matches: (path: readonly Uint8Array[]) => boolean;
  /** A change of mode, owner, times or attributes alone makes no new version. Default: it does. */
  readonly contentOnly?: boolean;
  readonly signal?: AbortSignal;
}

interface OpenVersion {
  readonly path: readonly Uint8Array[];
  readonly entry: TreeEntry;
  readonly first: number;
  readonly from: number;
}

/**
 * Every version of what matches, over snapshots of the same things given oldest first. The first one is walked, of each next one only
 * what differs is read. Yields a version when it ends; those that the newest has come last. Memory: the matching paths of one snapshot.
 */
export async function* findVersions(
  reader: Pick<VaultReader, 'readTree' | 'entry'>,
  snapshots: readonly Snapshot[],
  options: FindOptions,
): AsyncGenerator<FoundVersion> {
  const { matches, contentOnly, signal } = options;
  const open = new Map<string, OpenVersion>();
  const ended = (version: OpenVersion, at: number, removed: boolean): FoundVersion => ({
    path: version.path,
    entry: version.entry,
    first: version.first,
    last: snapshots[at - 1]!.sequence,
    snapshots: at - version.from,
    removed,
  });
  for (const [at, snapshot] of snapshots.entries()) {
    // Folders may have been added to what is backed up, or taken off it, since.
    for await (const { path, change, to } of diffSnapshots(reader, snapshots[at - 1], snapshot, {
      beside: true,
      ...(signal && { signal }),
    })) {
      if (!matches(path) || (contentOnly && change === 'metadata')) continue;
      const key = keyOf(path);
      const before = open.get(key);
      if (before) yield ended(before, at, to === undefined);
      if (to) open.set(key, { path, entry: to, first: snapshot.sequence, from: at });
      else open.delete(key);
    }
  }
  for (const version of open.values()) yield ended(version, snapshots.length, false);
}

/** Every version of one path. Reads only the folders on the way to it. */
export async function* versionsOfPath(
  reader: Pick<VaultReader, 'entry'>,
  snapshots: readonly Snapshot[],
  path: readonly Uint8Array[],
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<FoundVersion> {
  let open: { readonly entry: TreeEntry; readonly first: number; readonly from: number } | undefined;
  const ended = (at: number, removed: boolean): FoundVersion => ({
    ...{ path, entry: open!.entry, first: open!.first, last: snapshots[at - 1]!.sequence, snapshots: at - open!.from, removed },
  });
  for (const [at, snapshot] of snapshots.entries()) {
    throwIfInterrupted(options.signal);
    const entry = await entryAt(reader, snapshot, path);
    const same = open && entry ? changeOf(open.entry, entry) === undefined && sameTree(open.entry, entry) : open === entry;
    if (same) continue;
    if (open) yield ended(at, entry === undefined);
    open = entry && { entry, first: snapshot.sequence, from: at };
  }
  if (open) yield ended(snapshots.length, false);
}

/** Of a folder: whether anything below it changed. */
function sameTree(a: TreeEntry, b: TreeEntry): boolean {
  return a.tree === b.tree || (a.tree !== undefined && b.tree !== undefined && equalBytes(a.tree, b.tree));
}

const keyOf = (path: readonly Uint8Array[]): string => path.map((name) => Buffer.from(name).toString('latin1')).join('/');
