import koffi from 'koffi';
import type { ExtendedAttribute } from './platform.ts';
import { fileError } from './system-error.ts';

/** Numbers that the POSIX systems disagree about. */
export interface PosixConstants {
  readonly atFdCwd: number;
  readonly atSymlinkNoFollow: number;
  readonly utimeOmit: bigint;
  readonly seekData: number;
  readonly seekHole: number;
  /** `linux`: l*xattr(path, …); `macos`: *xattr(path, …, position, XATTR_NOFOLLOW). */
  readonly attributeCalls: 'linux' | 'macos';
}

/** What `node:fs` lacks, called in the C library that the process already has. Paths are NUL-terminated bytes. */
export interface PosixCalls {
  utimensat(path: Buffer, mtimeNs: bigint): void;
  /** The same for an open file; `path` is for messages. */
  futimens(fd: number, mtimeNs: bigint, path: Buffer): void;
  /** The same without an exception: false, see {@link lastError}. */
  tryFutimens(fd: number, mtimeNs: bigint): boolean;
  /** Next data or hole at or after `offset`; undefined when there is none or the file system can't tell. */
  seek(fd: number, offset: number, to: 'data' | 'hole'): number | undefined;
  mkfifo(path: Buffer, mode: number): void;
  mknod(path: Buffer, mode: number, device: bigint): void;
  /** Extended attributes, of a link itself. Without those that vanish meanwhile. */
  attributes(path: Buffer): ExtendedAttribute[];
  /** The same of an open file: no path to walk, which for most files, that have none, is nearly all of the call. `path`, not terminated, is for messages. */
  attributesOfOpen(fd: number, path: Buffer): ExtendedAttribute[];
  setAttribute(path: Buffer, name: Buffer, value: Buffer): void;
  removeAttribute(path: Buffer, name: Buffer): void;
  /** Room for a file from its start; false where the file system has no such call. Only Linux. */
  preallocate(fd: number, sizeBytes: number, path: Buffer): boolean;
  /** Drops clean pages of a file from memory. Only Linux. */
  forgetCached(fd: number): void;
  /** Asks for large pages below this memory, which begins at the start of a page. Only Linux. */
  preferLargePages(memory: Uint8Array): void;
  /** syncfs(2) on a thread of its own; undefined where the system has no such call. */
  readonly syncAll: ((fd: number, path: Buffer) => Promise<void>) | undefined;
  /** Exclusive flock(2) without waiting; false when somebody has it. Ends with the descriptor or the process. */
  lock(fd: number): boolean;
}

const nul = Buffer.alloc(1);
const empty = Buffer.alloc(0);
export const terminated = (bytes: Buffer): Buffer => Buffer.concat([bytes, nul]);
/** What the last call of the C library said (`ENOENT`, …). */
export const lastError = (): string => names.get(koffi.errno()) ?? `errno ${koffi.errno()}`;
const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
const XATTR_NOFOLLOW = 1;
/** Largest list of names and largest value that Linux hands out; macOS values (resource forks) may be larger and are read by their size. */
const firstBuffer = 1024;
const noAttribute = new Set(['ENODATA', 'ENOATTR']);

export function posixCalls(constants: PosixConstants): PosixCalls {
  const library = koffi.load(null);
  const macos = constants.attributeCalls === 'macos';
  const pathType = 'const uint8_t *';
  const utimensat = library.func('utimensat', 'int', ['int', pathType, 'const int64_t *', 'int']);
  const futimens = library.func('futimens', 'int', ['int', 'const int64_t *']);
  const lseek = library.func('lseek', 'int64_t', ['int', 'int64_t', 'int']);
  const mkfifo = library.func('mkfifo', 'int', [pathType, 'uint32_t']);
  const mknod = library.func('mknod', 'int', [pathType, 'uint32_t', macos ? 'int32_t' : 'uint64_t']);
  const flock = library.func('flock', 'int', ['int', 'int']);
  const fallocate = macos ? undefined : library.func('fallocate', 'int', ['int', 'int', 'int64_t', 'int64_t']);
  const fadvise = macos ? undefined : library.func('posix_fadvise', 'int', ['int', 'int64_t', 'int64_t', 'int']);
  const madvise = macos ? undefined : library.func('madvise', 'int', ['const uint8_t *', 'size_t', 'int']);
  const syncfs = macos ? undefined : library.func('syncfs', 'int', ['int']);
  const tail = macos ? ['int'] : [];
  const positionAndTail = macos ? ['uint32_t', 'int'] : [];
  const list = library.func(macos ? 'listxattr' : 'llistxattr', 'int64_t', [pathType, 'uint8_t *', 'size_t', ...tail]);
  const get = library.func(macos ? 'getxattr' : 'lgetxattr', 'int64_t', [pathType, pathType, 'uint8_t *', 'size_t', ...positionAndTail]);
  const listOpen = library.func('flistxattr', 'int64_t', ['int', 'uint8_t *', 'size_t', ...tail]);
  const getOpen = library.func('fgetxattr', 'int64_t', ['int', pathType, 'uint8_t *', 'size_t', ...positionAndTail]);
  const set = library.func(macos ? 'setxattr' : 'lsetxattr', 'int', [
    pathType,
    pathType,
    pathType,
    'size_t',
    ...(macos ? ['uint32_t', 'int'] : ['int']),
  ]);
  const removeAttribute = library.func(macos ? 'removexattr' : 'lremovexattr', 'int', [pathType, pathType, ...tail]);
  const listTail = macos ? [XATTR_NOFOLLOW] : [];
  const getTail = macos ? [0, XATTR_NOFOLLOW] : [];
  // An open file is no link: macOS takes the option for paths only.
  const listOpenTail = macos ? [0] : [];
  const getOpenTail = macos ? [0, 0] : [];
  const setTail = macos ? [0, XATTR_NOFOLLOW] : [0];

  const must = (result: number, path: Buffer): void => {
    if (result !== 0) throw fileError(lastError(), path.subarray(0, -1));
  };

  /** Access and modification time, each in seconds and nanoseconds. */
  const times = BigInt64Array.of(0n, constants.utimeOmit, 0n, 0n);
  const setTimes = (mtimeNs: bigint): void => {
    // Floor division, so that times before 1970 keep a nanosecond part of 0 … 999,999,999.
    const seconds = mtimeNs >= 0n ? mtimeNs / 1_000_000_000n : -((-mtimeNs + 999_999_999n) / 1_000_000_000n);
    times[2] = seconds;
    times[3] = mtimeNs - seconds * 1_000_000_000n;
  };

  /** Most answers fit, and most are empty. One call at a time, so that all use the same memory. */
  const usual = Buffer.allocUnsafeSlow(firstBuffer);

  /** Calls with a buffer that grows until the answer fits; undefined when the attribute is not there. `path` is for messages. */
  function growing(path: Buffer, call: (into: Buffer | null, size: number) => number | bigint): Buffer | undefined {
    for (let into = usual; ;) {
      const length = Number(call(into, into.length));
      if (length >= 0) return length === 0 ? empty : Buffer.from(into.subarray(0, length));
      const error = lastError();
      if (noAttribute.has(error)) return undefined;
      if (error !== 'ERANGE') throw fileError(error, path);
      into = Buffer.allocUnsafe(Math.max(Number(call(null, 0)), into.length * 2));
    }
  }

  function attributesBy(names: Buffer | undefined, valueOf: (name: Buffer) => Buffer | undefined): ExtendedAttribute[] {
    const found: ExtendedAttribute[] = [];
    if (!names) return found;
    for (let at = 0; at < names.length;) {
      const end = names.indexOf(0, at);
      const name = names.subarray(at, end);
      const value = valueOf(terminated(name));
      if (value) found.push({ name, value });
      at = end + 1;
    }
    return found;
  }

  return {
    // LOCK_EX | LOCK_NB, the same everywhere.
    lock: (fd) => flock(fd, 2 | 4) === 0,
    utimensat(path, mtimeNs) {
      setTimes(mtimeNs);
      must(utimensat(constants.atFdCwd, path, times, constants.atSymlinkNoFollow), path);
    },
    futimens(fd, mtimeNs, path) {
      setTimes(mtimeNs);
      if (futimens(fd, times) !== 0) throw fileError(lastError(), path);
    },
    tryFutimens(fd, mtimeNs) {
      setTimes(mtimeNs);
      return futimens(fd, times) === 0;
    },
    seek(fd, offset, to) {
      const found = Number(lseek(fd, offset, to === 'data' ? constants.seekData : constants.seekHole));
      return found < 0 ? undefined : found;
    },
    preallocate(fd, sizeBytes, path) {
      if (!fallocate) return false;
      if (fallocate(fd, 0, 0, sizeBytes) === 0) return true;
      const error = lastError();
      // Anything but a full disk only means that this file system can't.
      if (error === 'ENOSPC' || error === 'EDQUOT') throw fileError(error, path);
      return false;
    },
    // POSIX_FADV_DONTNEED
    forgetCached: (fd) => void fadvise?.(fd, 0, 0, 4),
    // MADV_HUGEPAGE; a kernel without it says no, and nothing changes.
    preferLargePages: (memory) => void madvise?.(memory, memory.length, 14),
    syncAll:
      syncfs &&
      ((fd, path) =>
        new Promise((resolve, reject) => {
          syncfs.async(fd, (error: unknown, result: number) => {
            if (error !== null && error !== undefined) reject(fileError('EIO', path, error));
            else if (result !== 0) reject(fileError('EIO', path));
            else resolve();
          });
        })),
    mkfifo: (path, mode) => must(mkfifo(path, mode), path),
    mknod: (path, mode, device) => must(mknod(path, mode, device), path),
    attributes(path) {
      const shown = path.subarray(0, -1);
      return attributesBy(
        growing(shown, (into, size) => list(path, into, size, ...listTail)),
        (name) => growing(shown, (into, size) => get(path, name, into, size, ...getTail)),
      );
    },
    attributesOfOpen: (fd, path) =>
      attributesBy(
        growing(path, (into, size) => listOpen(fd, into, size, ...listOpenTail)),
        (name) => growing(path, (into, size) => getOpen(fd, name, into, size, ...getOpenTail)),
      ),
    setAttribute: (path, name, value) => must(set(path, name, value, value.length, ...setTail), path),
    removeAttribute: (path, name) => must(removeAttribute(path, name, ...listTail), path),
  };
}
