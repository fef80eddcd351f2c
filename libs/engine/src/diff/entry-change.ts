import { equalBytes, isAppError } from '#libs/kernel';
import type { Snapshot, TreeEntry, VaultReader } from '#libs/vault';

/** `content`: other bytes, link target or device; `metadata`: mode, owner, times or attributes only; `kind`: a file became a folder, say. */
export type ChangeKind = 'added' | 'removed' | 'content' | 'metadata' | 'kind';

/** How an entry itself (not what is below it) differs; undefined when it does not. */
export function changeOf(from: TreeEntry | undefined, to: TreeEntry | undefined): ChangeKind | undefined {
  if (!from || !to) return from ? 'removed' : 'added';
  if (from.type !== to.type) return 'kind';
  if (!sameContent(from, to)) return 'content';
  return sameMetadata(from, to) ? undefined : 'metadata';
}

function sameContent(a: TreeEntry, b: TreeEntry): boolean {
  return (
    a.size === b.size && a.rdev === b.rdev && a.error === b.error && same(contentOf(a), contentOf(b)) && same(a.linkTarget, b.linkTarget)
  );
}

function contentOf({ content }: TreeEntry): Uint8Array | undefined {
  return content && ('ids' in content ? content.ids : content.chunkList);
}

function sameMetadata(a: TreeEntry, b: TreeEntry): boolean {
  const xattrs = (entry: TreeEntry): string => (entry.xattrs ?? []).map(({ name, value }) => `${hex(name)}=${hex(value)}`).join(' ');
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.mtimeNs === b.mtimeNs && xattrs(a) === xattrs(b);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && equalBytes(a, b));
}

/** The entry of a path, or undefined when the snapshot has none there, knows no more than its name, or lost it. */
export async function entryAt(
  reader: Pick<VaultReader, 'entry'>,
  snapshot: Snapshot | undefined,
  names: readonly Uint8Array[],
): Promise<TreeEntry | undefined> {
  if (!snapshot) return undefined;
  try {
    const entry = await reader.entry(snapshot, names);
    // Of a folder above the backed-up ones only the name is known.
    return entry.type === 'directory' && !entry.tree && entry.error === undefined ? undefined : entry;
  } catch (error) {
    if (isAppError(error, 'path_not_found') || isAppError(error, 'content_lost')) return undefined;
    throw error;
  }
}
