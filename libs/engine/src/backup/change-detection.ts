import type { TreeEntry } from '#libs/vault';
import type { FileFacts } from '../platform/index.ts';

export interface ChangeRules {
  readonly ignoreInode?: boolean;
  readonly ignoreCtime?: boolean;
  readonly readAll?: boolean;
}

/** Whether a file's content is what the parent snapshot has: by size, times and inode, without opening it. */
export function sameContent(facts: FileFacts, parent: TreeEntry | undefined, rules: ChangeRules): parent is TreeEntry {
  return (
    parent !== undefined &&
    !rules.readAll &&
    parent.type === 'file' &&
    facts.kind === 'file' &&
    parent.error === undefined &&
    !parent.changedWhileRead &&
    parent.size === facts.sizeBytes &&
    parent.mtimeNs === facts.mtimeNs &&
    (rules.ignoreCtime === true || parent.ctimeNs === facts.ctimeNs) &&
    (rules.ignoreInode === true || parent.inode === facts.inode)
  );
}

/** Whether the entry as a whole can stand again as it is. The change time moves with mode, owner, attributes and link count. */
export function sameEntry(facts: FileFacts, parent: TreeEntry): boolean {
  return (
    parent.error === undefined &&
    parent.mode === facts.mode &&
    parent.uid === facts.uid &&
    parent.gid === facts.gid &&
    parent.mtimeNs === facts.mtimeNs &&
    parent.ctimeNs === facts.ctimeNs &&
    parent.inode === facts.inode &&
    (parent.birthtimeNs ?? 0n) === facts.birthtimeNs &&
    (facts.kind === 'directory' || facts.links <= 1
      ? parent.links === undefined
      : parent.links === facts.links && parent.device === facts.device)
  );
}
