import { equalBytes } from '#libs/kernel';
import {
  pathNames,
  printablePath,
  type ReadTreeOptions,
  type Snapshot,
  type SnapshotPath,
  splitPath,
  type TreeEntry,
  VaultError,
  type VaultReader,
} from '#libs/vault';
import { pairedEntries } from '../compare/paired-entries.ts';
import { throwIfInterrupted } from '../errors.ts';
import { type ChangeKind, changeOf, entryAt } from './entry-change.ts';

export interface SnapshotChange {
  /** Names from the top of the file system, as bytes. */
  readonly path: readonly Uint8Array[];
  readonly change: ChangeKind;
  readonly from: TreeEntry | undefined;
  readonly to: TreeEntry | undefined;
}

export interface DiffOptions {
  /** Only what is at or below this. */
  readonly path?: SnapshotPath;
  /**
   * What lies beside the folders that one of the two was made of counts as not there in that one: added, or removed. Default: only what both were to capture is
   * compared.
   */
  readonly beside?: boolean;
  readonly signal?: AbortSignal;
}

type DiffReader = Pick<VaultReader, 'readTree' | 'entry'>;

/**
 * What differs between two snapshots, folders before what is in them, names in byte order. Folders with the same tree id are not
 * entered, so the cost follows what changed. Without `from` everything is added. Backed-up folders that only one of the two has are added or removed as a
 * whole, unless the other has a part of them: then that part is compared (see {@link DiffOptions.beside}). Memory: one part of a directory of each side for each
 * level. What a repair marked as lost counts as not there. Throws `path_not_found` when neither has the path.
 */
export async function* diffSnapshots(
  reader: DiffReader,
  from: Snapshot | undefined,
  to: Snapshot,
  options: DiffOptions = {},
): AsyncGenerator<SnapshotChange> {
  const marked = from?.lost !== undefined || to.lost !== undefined;
  const read = { ...options, onLostPart: marked ? (): void => undefined : undefined };
  if (options.path !== undefined && pathNames(options.path).length > 0) {
    const names = pathNames(options.path);
    const pair = [await entryAt(reader, from, names), await entryAt(reader, to, names)] as const;
    if (!pair[0] && !pair[1]) {
      const which = from ? `neither snapshot ${from.sequence} nor ${to.sequence}` : `snapshot ${to.sequence} not`;
      throw new VaultError('path_not_found', `${which} has ${printablePath(names)}`);
    }
    yield* changes(reader, names, pair[0], pair[1], read);
    return;
  }
  const roots = new Map<string, Uint8Array>();
  for (const { path } of [...(from?.roots ?? []), ...to.roots]) roots.set(Buffer.from(path).toString('latin1'), path);
  for (const [, path] of [...roots].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const before = rootAt(from, path) ?? (await entryAt(reader, from, splitPath(path)));
    const after = rootAt(to, path) ?? (await entryAt(reader, to, splitPath(path)));
    // A folder above the other's backed-up ones: its name is all that there is to compare.
    const narrower = !before && from && hasRootBelow(from, path) ? from : !after && hasRootBelow(to, path) ? to : undefined;
    if (!narrower) yield* changes(reader, splitPath(path), before, after, read);
    else if (options.beside) yield* besideRoots(reader, path, before ?? after, { narrower, isAdded: narrower === from }, read);
  }
}

/** What is in a folder of the wider snapshot and in none of the narrower one's backed-up folders below it, which are compared for themselves. */
async function* besideRoots(
  reader: DiffReader,
  path: Uint8Array,
  folder: TreeEntry | undefined,
  sides: { readonly narrower: Snapshot; readonly isAdded: boolean },
  options: Pick<ReadTreeOptions, 'signal' | 'onLostPart'>,
): AsyncGenerator<SnapshotChange> {
  if (!folder?.tree) return;
  const { narrower, isAdded } = sides;
  for await (const child of reader.readTree(folder.tree, options)) {
    const inside = Buffer.concat([path, Buffer.from(path.at(-1) === 0x2f ? '' : '/'), child.name]);
    if (rootAt(narrower, inside)) continue;
    if (child.tree && hasRootBelow(narrower, inside)) yield* besideRoots(reader, inside, child, sides, options);
    else yield* changes(reader, splitPath(inside), isAdded ? undefined : child, isAdded ? child : undefined, options);
  }
}

async function* changes(
  reader: DiffReader,
  path: readonly Uint8Array[],
  from: TreeEntry | undefined,
  to: TreeEntry | undefined,
  options: Pick<ReadTreeOptions, 'signal' | 'onLostPart'>,
): AsyncGenerator<SnapshotChange> {
  throwIfInterrupted(options.signal);
  const change = changeOf(from, to);
  if (change) yield { path, change, from, to };
  if (from?.tree && to?.tree && equalBytes(from.tree, to.tree)) return;
  if (!from?.tree && !to?.tree) return;
  for await (const [a, b] of pairedEntries(reader, from?.tree, to?.tree, options))
    yield* changes(reader, [...path, (a ?? b).name], a, b, options);
}

function rootAt(snapshot: Snapshot | undefined, path: Uint8Array): TreeEntry | undefined {
  return snapshot?.roots.find((root) => equalBytes(root.path, path))?.entry;
}

function hasRootBelow(snapshot: Snapshot, path: Uint8Array): boolean {
  const above = Buffer.from(path).toString('latin1').replace(/\/$/, '');
  return snapshot.roots.some((root) => Buffer.from(root.path).toString('latin1').startsWith(`${above}/`));
}
