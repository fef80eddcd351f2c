import { contentLost, hasLostChunks, pathNames, type Snapshot, type SnapshotPath, type TreeEntry, type VaultReader } from '#libs/vault';
import { isAppError } from '#libs/kernel';
import { displayPath } from '../platform/index.ts';
import type { FileProblem } from '../errors.ts';
import { tarEnd, tarHeaders, type TarMember, tarPadding } from './tar-header.ts';

export interface DumpTarOptions {
  readonly signal?: AbortSignal;
  /** Left out, and why: sockets, what the snapshot itself could not read, and what a repair marked as lost. */
  readonly onLeftOut?: (left: FileProblem) => void;
}

/**
 * A folder (or anything else) of a snapshot as a tar archive, its own name at the top: everything that tar can say, times in nanoseconds,
 * owners, extended attributes, hard links, devices. Sparse files come out dense. Every byte is verified before it goes out. Memory: two windows
 * of a file, and a path for each hard-linked file. Throws what reading throws; an archive that was begun is then incomplete.
 */
export async function* dumpTar(
  reader: VaultReader,
  snapshot: Snapshot,
  path: SnapshotPath,
  options: DumpTarOptions = {},
): AsyncGenerator<Uint8Array> {
  const read = options.signal ? { signal: options.signal } : {};
  const above = Math.max(0, pathNames(path).length - 1);
  const linked = new Map<string, Uint8Array>();
  const shownPath = (names: readonly Uint8Array[]): string => `/${names.map((name) => displayPath(name)).join('/')}`;
  const onUnreadable = (names: readonly Uint8Array[], error: unknown): void => {
    if (!isAppError(error, 'content_lost')) throw error;
    options.onLeftOut?.({ path: shownPath(names), code: error.code, message: error.message });
  };
  for await (const { path: names, entry } of reader.walk(snapshot, path, { ...read, ...(snapshot.lost && { onUnreadable }) })) {
    const inside = names.slice(above);
    if (inside.length === 0) continue;
    const leftOut = reasonToLeaveOut(entry);
    if (leftOut) {
      options.onLeftOut?.({ path: shownPath(names), ...leftOut });
      if (entry.type !== 'directory') continue;
    }
    if (snapshot.lost && entry.type === 'file' && (await hasLostChunks(reader, entry, read))) {
      onUnreadable(names, contentLost(snapshot, names));
      continue;
    }
    const name = joined(inside);
    const key = entry.type !== 'directory' && (entry.links ?? 1) > 1 ? `${entry.device}:${entry.inode}` : undefined;
    const first = key === undefined ? undefined : linked.get(key);
    if (key !== undefined && !first) linked.set(key, name);
    const member = first ? { ...memberOf(entry, name), type: '1' as const, linkPath: first, sizeBytes: 0 } : memberOf(entry, name);
    yield tarHeaders(member);
    if (member.type !== '0' || member.sizeBytes === 0) continue;
    yield* reader.readFile(entry, read);
    yield tarPadding(member.sizeBytes);
  }
  yield tarEnd;
}

const types = { file: '0', symlink: '2', 'char-device': '3', 'block-device': '4', directory: '5', fifo: '6', socket: '0' } as const;

function memberOf(entry: TreeEntry, name: Uint8Array): TarMember {
  const { mode, uid, gid, user, group, mtimeNs, xattrs, linkTarget, rdev } = entry;
  return {
    type: types[entry.type],
    path: entry.type === 'directory' ? Buffer.concat([name, Buffer.from('/')]) : name,
    linkPath: linkTarget,
    sizeBytes: entry.type === 'file' ? entry.size : 0,
    ...{ mode, uid, gid, user, group, mtimeNs, xattrs },
    device: rdev === undefined ? undefined : deviceNumbers(rdev),
  };
}

function reasonToLeaveOut(entry: TreeEntry): { readonly code: string; readonly message: string } | undefined {
  if (entry.type === 'socket') return { code: 'socket', message: 'a socket has no place in an archive' };
  if (entry.error === undefined) return undefined;
  return { code: entry.error, message: 'could not be read when the snapshot was made' };
}

/** As Linux packs them into st_rdev. */
function deviceNumbers(rdev: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}

function joined(names: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(names.flatMap((name, i) => (i === 0 ? [name] : [Buffer.from('/'), name])));
}
