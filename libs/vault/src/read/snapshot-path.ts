import { equalBytes, utf8 } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';
import { splitPath } from '../snapshot/record-codec.ts';
import type { SnapshotRecord, SnapshotRoot } from '../snapshot/snapshot-record.ts';
import { nameProblem, printableName } from '../tree/safe-name.ts';
import type { TreeEntry } from '../tree/tree-entry.ts';

/** An absolute path in a snapshot: `/`-separated text, or its names as bytes where a name is not UTF-8. `/` or [] is the top. */
export type SnapshotPath = string | readonly Uint8Array[];

/** The names of a path. Throws `unsafe_name` for `..` and the like, `limit_exceeded` when it is too deep. */
export function pathNames(path: SnapshotPath): readonly Uint8Array[] {
  const names = typeof path === 'string' ? splitPath(utf8(path.replace(/\/+$/, ''))) : path;
  if (names.length > limits.treeDepth) throw new VaultError('limit_exceeded', `a path of ${names.length} names is too deep`);
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem) throw new VaultError('unsafe_name', `in the path: ${printableName(name)} ${problem}`);
  }
  return names;
}

export function printablePath(names: readonly Uint8Array[]): string {
  return `/${names.map((name) => printableName(name).slice(1, -1)).join('/')}`;
}

/** Where a path leads: into a backed-up folder, or to the folders above such ones, which the snapshot has by name only. */
export type PathTarget =
  | { readonly kind: 'root'; readonly root: SnapshotRoot; readonly below: readonly Uint8Array[] }
  | { readonly kind: 'above'; readonly roots: readonly { readonly root: SnapshotRoot; readonly names: readonly Uint8Array[] }[] };

/** Undefined when the snapshot has nothing there. Where backed-up folders lie in each other, the inner one wins. */
export function resolvePath(snapshot: SnapshotRecord, names: readonly Uint8Array[]): PathTarget | undefined {
  const roots = snapshot.roots.map((root) => ({ root, names: splitPath(root.path) }));
  const holding = roots.filter((one) => startsWith(names, one.names)).sort((a, b) => b.names.length - a.names.length)[0];
  if (holding) return { kind: 'root', root: holding.root, below: names.slice(holding.names.length) };
  const above = roots.filter((one) => startsWith(one.names, names));
  return above.length > 0 ? { kind: 'above', roots: above } : undefined;
}

/** What stands in for a folder above the backed-up ones: only its name is known. */
export function folderAbove(name: Uint8Array): TreeEntry {
  return { name, type: 'directory', mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, size: 0 };
}

/** Whether an entry is such a stand-in, whose mode, owner and time mean nothing: a folder that was backed up has a tree, or says why it has none. */
export const isFolderAbove = ({ type, tree, error }: TreeEntry): boolean =>
  type === 'directory' && tree === undefined && error === undefined;

function startsWith(names: readonly Uint8Array[], prefix: readonly Uint8Array[]): boolean {
  return names.length >= prefix.length && prefix.every((name, i) => equalBytes(name, names[i]!));
}
