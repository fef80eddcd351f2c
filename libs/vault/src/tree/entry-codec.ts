import type { CborReader } from '../cbor/cbor-reader.ts';
import type { CborWriter } from '../cbor/cbor-writer.ts';
import { readFields, required } from '../cbor/fields.ts';
import { VaultError } from '../errors.ts';
import { idBytes, limits } from '../limits.ts';
import { entryProblem } from './entry-check.ts';
import { printableName } from './safe-name.ts';
import type { DataRange, EntryType, FileContent, TreeEntry, TreeSummary, Xattr } from './tree-entry.ts';

/** Numbers of the types as stored. */
const types: readonly EntryType[] = ['file', 'directory', 'symlink', 'fifo', 'socket', 'block-device', 'char-device'];
const typeNumbers = new Map(types.map((type, number) => [type, number]));
const maxFields = 24;

/**
 * Writes one entry as a canonical dag-cbor map; the keys, in order, are those of {@link readEntry}. Fields that are
 * undefined, and a size of 0, are left out. Throws `invalid_input` for what readers would refuse (the name is checked by the tree).
 */
export function writeEntry(w: CborWriter, entry: TreeEntry): void {
  const problem = entryProblem(entry);
  if (problem) throw new VaultError('invalid_input', `entry ${printableName(entry.name)}: ${problem}`);
  const { content } = entry;
  const optional = [
    entry.size || undefined, entry.birthtimeNs, content, entry.ctimeNs, entry.changedWhileRead || undefined, entry.device, entry.error,
    entry.group, entry.links, entry.inode, entry.linkTarget, entry.rdev, entry.summary, entry.dataRanges, entry.tree, entry.user, entry.xattrs,
  ]; // prettier-ignore
  let fields = 6;
  for (const value of optional) if (value !== undefined) fields += 1;
  w.map(fields);
  w.text('g');
  w.int(entry.gid);
  w.text('m');
  w.int(entry.mode);
  w.text('n');
  w.bytes(entry.name);
  if (entry.size !== 0) {
    w.text('s');
    w.int(entry.size);
  }
  w.text('t');
  w.int(typeNumbers.get(entry.type)!);
  w.text('u');
  w.int(entry.uid);
  optionalInt(w, 'bt', entry.birthtimeNs);
  if (content && 'ids' in content) {
    w.text('ch');
    w.bytes(content.ids);
  } else if (content) {
    w.text('cl');
    w.array(2);
    w.bytes(content.chunkList);
    w.int(content.depth);
  }
  optionalInt(w, 'ct', entry.ctimeNs);
  if (entry.changedWhileRead) {
    w.text('cw');
    w.bool(true);
  }
  optionalInt(w, 'dv', entry.device);
  optionalText(w, 'er', entry.error);
  optionalText(w, 'gn', entry.group);
  optionalInt(w, 'hl', entry.links);
  optionalInt(w, 'in', entry.inode);
  optionalBytes(w, 'lt', entry.linkTarget);
  w.text('mt');
  w.int(entry.mtimeNs);
  optionalInt(w, 'rd', entry.rdev);
  if (entry.summary) {
    w.text('sm');
    w.array(3);
    w.int(entry.summary.files);
    w.int(entry.summary.directories);
    w.int(entry.summary.bytes);
  }
  if (entry.dataRanges) {
    w.text('sp');
    w.array(entry.dataRanges.length * 2);
    for (const { offset, length } of entry.dataRanges) {
      w.int(offset);
      w.int(length);
    }
  }
  optionalBytes(w, 'tr', entry.tree);
  optionalText(w, 'un', entry.user);
  if (entry.xattrs) {
    w.text('xa');
    w.array(entry.xattrs.length * 2);
    for (const { name, value } of entry.xattrs) {
      w.bytes(name);
      w.bytes(value);
    }
  }
}

function optionalInt(w: CborWriter, key: string, value: number | bigint | undefined): void {
  if (value === undefined) return;
  w.text(key);
  w.int(value);
}

function optionalText(w: CborWriter, key: string, value: string | undefined): void {
  if (value === undefined) return;
  w.text(key);
  w.text(value);
}

function optionalBytes(w: CborWriter, key: string, value: Uint8Array | undefined): void {
  if (value === undefined) return;
  w.text(key);
  w.bytes(value);
}

type Draft = { -readonly [K in keyof TreeEntry]?: TreeEntry[K] };

/** Reads what {@link writeEntry} wrote; the reader's error for anything else. The name's safety is checked by the tree. */
export function readEntry(r: CborReader): TreeEntry {
  const entry: Draft = { size: 0 };
  readFields(r, maxFields, (key) => {
    switch (key) {
      case 'g':
        return void (entry.gid = r.int(0, 0xffff_ffff));
      case 'm':
        return void (entry.mode = r.int(0, 0o7777));
      case 'n':
        return void (entry.name = r.bytes(limits.nameBytes));
      case 's':
        return void (entry.size = r.int(1, Number.MAX_SAFE_INTEGER));
      case 't':
        return void (entry.type = types[r.int(0, types.length - 1)]!);
      case 'u':
        return void (entry.uid = r.int(0, 0xffff_ffff));
      case 'bt':
        return void (entry.birthtimeNs = r.int64());
      case 'ch':
        return void (entry.content = { ids: r.bytes(limits.inlineIds * idBytes) });
      case 'cl':
        if (entry.content) throw r.fail('two contents');
        return void (entry.content = readChunkList(r));
      case 'ct':
        return void (entry.ctimeNs = r.int64());
      case 'cw':
        if (!r.bool()) throw r.fail('a default is not written');
        return void (entry.changedWhileRead = true);
      case 'dv':
        return void (entry.device = r.uint64());
      case 'er':
        return void (entry.error = r.text(limits.textBytes));
      case 'gn':
        return void (entry.group = r.text(limits.textBytes));
      case 'hl':
        return void (entry.links = r.int(0, 0xffff_ffff));
      case 'in':
        return void (entry.inode = r.uint64());
      case 'lt':
        return void (entry.linkTarget = r.bytes(limits.linkTargetBytes));
      case 'mt':
        return void (entry.mtimeNs = r.int64());
      case 'rd':
        return void (entry.rdev = r.uint64());
      case 'sm':
        return void (entry.summary = readSummary(r));
      case 'sp':
        return void (entry.dataRanges = readRanges(r));
      case 'tr':
        return void (entry.tree = r.bytes(idBytes, idBytes));
      case 'un':
        return void (entry.user = r.text(limits.textBytes));
      case 'xa':
        return void (entry.xattrs = readXattrs(r));
      default:
        return false;
    }
  });
  required(r, 'g', entry.gid);
  required(r, 'm', entry.mode);
  required(r, 'n', entry.name);
  required(r, 't', entry.type);
  required(r, 'u', entry.uid);
  required(r, 'mt', entry.mtimeNs);
  const problem = entryProblem(entry as TreeEntry);
  if (problem) throw r.fail(`entry ${printableName(entry.name!)}: ${problem}`);
  return entry as TreeEntry;
}

function readChunkList(r: CborReader): FileContent {
  if (r.array(2) !== 2) throw r.fail('expected two items');
  return { chunkList: r.bytes(idBytes, idBytes), depth: r.int(1, limits.chunkListDepth) };
}

function readSummary(r: CborReader): TreeSummary {
  if (r.array(3) !== 3) throw r.fail('expected three items');
  const count = (): number => r.int(0, Number.MAX_SAFE_INTEGER);
  return { files: count(), directories: count(), bytes: count() };
}

function readRanges(r: CborReader): DataRange[] {
  const count = r.array(limits.rangesPerFile * 2);
  if (count % 2 !== 0) throw r.fail('ranges are pairs');
  const ranges: DataRange[] = [];
  for (let i = 0; i < count; i += 2) ranges.push({ offset: r.int(0, Number.MAX_SAFE_INTEGER), length: r.int(1, Number.MAX_SAFE_INTEGER) });
  return ranges;
}

function readXattrs(r: CborReader): Xattr[] {
  const count = r.array(limits.xattrsPerEntry * 2);
  if (count % 2 !== 0) throw r.fail('xattrs are pairs');
  const xattrs: Xattr[] = [];
  for (let i = 0; i < count; i += 2) xattrs.push({ name: r.bytes(limits.xattrNameBytes), value: r.bytes(limits.xattrValueBytes) });
  return xattrs;
}
