import { compareBytes, utf8 } from '#libs/kernel';
import { idBytes, limits } from '../limits.ts';
import type { TreeEntry } from './tree-entry.ts';

const isInt = (value: number, max: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= max;
const isTime = (ns: bigint | undefined): boolean => ns === undefined || BigInt.asIntN(64, ns) === ns;
const isWide = (value: bigint | undefined): boolean => value === undefined || BigInt.asUintN(64, value) === value;
/** No character takes more than three bytes for each of its UTF-16 units. */
const isText = (text: string | undefined): boolean =>
  text === undefined || text.length * 3 <= limits.textBytes || utf8(text).length <= limits.textBytes;

/**
 * What is wrong with an entry beside its name, or undefined. Writers and readers ask the same, so nobody writes what
 * nobody reads.
 */
export function entryProblem(entry: TreeEntry): string | undefined {
  const { type } = entry;
  if (!isInt(entry.mode, 0o7777)) return 'mode is out of range';
  if (!isInt(entry.uid, 0xffff_ffff) || !isInt(entry.gid, 0xffff_ffff)) return 'uid or gid is out of range';
  if (!isInt(entry.size, Number.MAX_SAFE_INTEGER)) return 'size is out of range';
  if (entry.links !== undefined && !isInt(entry.links, 0xffff_ffff)) return 'link count is out of range';
  if (!isTime(entry.mtimeNs) || !isTime(entry.ctimeNs) || !isTime(entry.birthtimeNs)) return 'a time is out of range';
  if (!isWide(entry.inode) || !isWide(entry.device) || !isWide(entry.rdev)) return 'a device or inode number is out of range';
  if (!isText(entry.user) || !isText(entry.group) || !isText(entry.error)) return 'the name of user or group, or the reason, is too long';
  if (entry.summary && Object.values(entry.summary).some((count) => !isInt(count, Number.MAX_SAFE_INTEGER)))
    return 'the summary is out of range';
  if (type !== 'file' && (entry.size !== 0 || entry.content || entry.dataRanges || entry.changedWhileRead))
    return `a ${type} has no content`;
  if (type !== 'directory' && (entry.tree || entry.summary)) return `a ${type} has no tree`;
  if (entry.tree && entry.tree.length !== idBytes) return 'tree is not an id';
  if ((type === 'symlink') !== (entry.linkTarget !== undefined) && !(type === 'symlink' && entry.error))
    return 'a link target belongs to a symlink';
  if (
    entry.linkTarget &&
    (entry.linkTarget.length === 0 || entry.linkTarget.length > limits.linkTargetBytes || entry.linkTarget.includes(0))
  )
    return 'link target is not allowed';
  if (entry.rdev !== undefined && type !== 'block-device' && type !== 'char-device') return `a ${type} has no device number`;
  return contentProblem(entry) ?? rangesProblem(entry) ?? xattrsProblem(entry);
}

function contentProblem({ content, size, error }: TreeEntry): string | undefined {
  if (!content) return undefined;
  if (error) return 'an unreadable file has no content';
  if (size === 0) return 'an empty file has no content';
  if ('ids' in content) {
    const count = content.ids.length / idBytes;
    return Number.isInteger(count) && count >= 1 && count <= limits.inlineIds ? undefined : 'content is not a list of ids';
  }
  if (content.chunkList.length !== idBytes) return 'chunk list is not an id';
  return isInt(content.depth, limits.chunkListDepth) && content.depth > 0 ? undefined : 'chunk lists are too deep';
}

function rangesProblem({ dataRanges, size }: TreeEntry): string | undefined {
  if (!dataRanges) return undefined;
  if (dataRanges.length > limits.rangesPerFile) return 'too many ranges';
  let end = -1;
  for (const { offset, length } of dataRanges) {
    if (!isInt(offset, size) || !isInt(length, size) || length === 0 || offset <= end || offset + length > size)
      return 'ranges overlap, touch or leave the file';
    end = offset + length;
  }
  return undefined;
}

function xattrsProblem({ xattrs }: TreeEntry): string | undefined {
  if (!xattrs) return undefined;
  if (xattrs.length === 0 || xattrs.length > limits.xattrsPerEntry) return 'too many xattrs, or an empty list';
  for (const [i, { name, value }] of xattrs.entries()) {
    if (name.length === 0 || name.length > limits.xattrNameBytes || name.includes(0)) return 'an xattr has a bad name';
    if (value.length > limits.xattrValueBytes) return 'an xattr is too long';
    if (i > 0 && compareBytes(xattrs[i - 1]!.name, name) >= 0) return 'xattrs are out of order';
  }
  return undefined;
}
