import type { EntryType, FileContent, TreeEntry, TreeSummary } from '#libs/vault';
import type { DataRange, ExtendedAttribute, FileFacts, FileKind, Platform } from '../platform/index.ts';

const types: Partial<Record<FileKind, EntryType>> = {
  file: 'file',
  directory: 'directory',
  symlink: 'symlink',
  fifo: 'fifo',
  'character-device': 'char-device',
  'block-device': 'block-device',
};

export interface EntryParts {
  readonly sizeBytes?: number;
  readonly content?: FileContent | undefined;
  readonly dataRanges?: readonly DataRange[] | undefined;
  readonly attributes?: readonly ExtendedAttribute[];
  readonly linkTarget?: Buffer | undefined;
  readonly tree?: Uint8Array | undefined;
  readonly summary?: TreeSummary | undefined;
  readonly error?: string | undefined;
  readonly changedWhileRead?: boolean;
}

/** How a name is written into a tree. Access times are left out, and device numbers where no hard link needs them: they change by themselves. */
export function treeEntryOf(platform: Platform, name: Uint8Array, facts: FileFacts, parts: EntryParts = {}): TreeEntry {
  const isFile = facts.kind === 'file';
  const linked = facts.links > 1 && facts.kind !== 'directory';
  const isDevice = facts.kind === 'character-device' || facts.kind === 'block-device';
  const attributes = parts.attributes ?? [];
  return {
    name,
    type: types[facts.kind]!,
    mode: facts.mode,
    uid: facts.uid,
    gid: facts.gid,
    user: platform.userName(facts.uid),
    group: platform.groupName(facts.gid),
    mtimeNs: facts.mtimeNs,
    ctimeNs: facts.ctimeNs,
    birthtimeNs: facts.birthtimeNs === 0n ? undefined : facts.birthtimeNs,
    size: isFile ? (parts.sizeBytes ?? facts.sizeBytes) : 0,
    inode: facts.inode,
    device: linked ? facts.device : undefined,
    links: linked ? facts.links : undefined,
    rdev: isDevice ? facts.deviceNumber : undefined,
    linkTarget: parts.linkTarget,
    xattrs: attributes.length > 0 ? sorted(attributes) : undefined,
    dataRanges: parts.dataRanges,
    content: parts.content,
    tree: parts.tree,
    summary: parts.summary,
    error: parts.error,
    changedWhileRead: parts.changedWhileRead ? true : undefined,
  };
}

/** Always in the same order, so that the same attributes give the same tree. */
function sorted(attributes: readonly ExtendedAttribute[]): ExtendedAttribute[] {
  return attributes.toSorted((a, b) => Buffer.compare(a.name, b.name));
}
