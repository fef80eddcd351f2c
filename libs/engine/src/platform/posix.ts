import * as fs from 'node:fs';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { isAppError, systemErrorCode } from '#libs/kernel';
import { EngineError } from '../errors.ts';
import type { AccountNames } from './accounts.ts';
import { folderByPath, leadsTo } from './held-folder.ts';
import type { NamelessFiles } from './nameless-files.ts';
import type { DataRange, ExtendedAttribute, FileFacts, HeldFolder, OpenFile, Platform, PlatformCapabilities } from './platform.ts';
import type { UncachedWay } from './later-writes.ts';
import { displayPath } from './display-path.ts';
import { terminated, type PosixCalls } from './posix-calls.ts';
import { asFileError, fileError, orUnsupported, translated } from './system-error.ts';
import { factsOf, type FileExtras, SystemFile } from './system-file.ts';
import { wholeFiles } from './whole-files.ts';

/** What Linux and macOS do the same way; each adapter says where it differs. */
export interface PosixOptions {
  readonly name: 'linux' | 'macos';
  readonly capabilities: PlatformCapabilities;
  readonly defaultExcludes: readonly string[];
  readonly calls: PosixCalls;
  readonly accounts: AccountNames;
  /** Extra open(2) flags for reading, dropped when the system refuses them. */
  readonly readFlags: number;
  /** Where the system shows open folders as paths, the one of a descriptor; undefined where it does not. */
  readonly pathOf: ((fd: number) => Buffer) | undefined;
  /** Flag for open(2) of writes past the page cache; undefined where there is none. */
  readonly uncachedFlag: number | undefined;
  /** Files that get their name last; undefined where there are none. */
  readonly nameless: NamelessFiles | undefined;
  /** Flags for open(2) that take hold of a folder without reading it. */
  readonly holdFlags: number;
  readonly reach: <T>(path: Buffer, call: (path: Buffer) => T) => T;
  readonly reachLater: <T>(path: Buffer, call: (path: Buffer) => Promise<T>) => Promise<T>;
}

const syncLater = promisify(fs.fsync);
const lstatLater = promisify(fs.lstat);
const slash = Buffer.from('/');

const createFlags = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;
const writeFlags = fs.constants.O_RDWR | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** No error when nothing was there. */
function removeFile(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!isAppError(error, 'file_not_found')) throw error;
  }
}

/** Names as Node hands them out for half the price of buffers: each byte a character. */
const asBytes = (names: readonly string[]): Buffer[] => names.map((name) => Buffer.from(name, 'latin1'));

/** None where the file system knows none. */
function attributesOf(read: () => ExtendedAttribute[]): ExtendedAttribute[] {
  try {
    return read();
  } catch (error) {
    if (isAppError(error, 'unsupported')) return [];
    throw error;
  }
}

export function posixPlatform(options: PosixOptions): Platform {
  const { calls, accounts, reach } = options;
  const at = <T>(path: Buffer, call: (path: Buffer) => T): T => translated(path, () => reach(path, call));
  const native = <T>(path: Buffer, call: (path: Buffer) => T): T => at(path, (reached) => call(terminated(reached)));
  const later = async <T>(path: Buffer, call: (path: Buffer) => Promise<T>): Promise<T> => {
    try {
      return await options.reachLater(path, call);
    } catch (error) {
      throw asFileError(error, path);
    }
  };
  const privileged = process.getuid?.() === 0;

  function dataRanges(fd: number, sizeBytes: number, goOn: (soFar: number) => boolean): DataRange[] | undefined {
    if (sizeBytes === 0) return [];
    // The end of the file counts as a hole, so a file system that can tell always finds one.
    if (calls.seek(fd, 0, 'hole') === undefined) return undefined;
    const out: DataRange[] = [];
    for (let offset = 0; offset < sizeBytes;) {
      const start = calls.seek(fd, offset, 'data');
      if (start === undefined || start >= sizeBytes) break;
      const end = Math.min(calls.seek(fd, start, 'hole') ?? sizeBytes, sizeBytes);
      out.push({ offset: start, length: end - start });
      if (!goOn(out.length)) return undefined;
      offset = end;
    }
    return out;
  }

  const { pathOf, uncachedFlag } = options;
  const uncached = pathOf && uncachedFlag !== undefined ? { pathOf, flag: uncachedFlag } : undefined;
  const extras: FileExtras = {
    dataRanges,
    preallocate: (fd, sizeBytes, path) => (calls.preallocate(fd, sizeBytes, path) ? 'done' : 'unsupported'),
    forgetCached: (fd) => calls.forgetCached(fd),
    setTimes: (fd, mtimeNs, path) => orUnsupported(() => calls.futimens(fd, mtimeNs, path)),
    extendedAttributes: (fd, path) => attributesOf(() => calls.attributesOfOpen(fd, path)),
  };
  const opened = (fd: number, path: Buffer, way: UncachedWay | undefined): OpenFile => new SystemFile(fd, path, extras, way);
  const open = (path: Buffer, flags: number, way?: UncachedWay): OpenFile =>
    opened(
      at(path, (reached) => fs.openSync(reached, flags, 0o600)),
      path,
      way,
    );

  /** By its descriptor: one look at the path holds for all that is done in it. Paths are for messages only. */
  function pinned(path: Buffer, pathOf: (fd: number) => Buffer): HeldFolder {
    const folder = at(path, (reached) => fs.openSync(reached, options.holdFlags | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW));
    let facts: FileFacts;
    try {
      facts = translated(path, () => factsOf(fs.fstatSync(folder, { bigint: true })));
    } catch (error) {
      fs.closeSync(folder);
      throw error;
    }
    const prefix = Buffer.concat([pathOf(folder), slash]);
    const by = (name: Buffer): Buffer => Buffer.concat([prefix, name]);
    const named = (name: Buffer): Buffer => platform.join(path, name);
    const openIn = (name: Buffer, flags: number): OpenFile => {
      const shown = named(name);
      return opened(
        translated(shown, () => fs.openSync(by(name), flags, 0o600)),
        shown,
        uncached,
      );
    };
    const { nameless } = options;
    return {
      facts,
      isThere: () => leadsTo(platform, path, facts),
      ...(nameless && { placeWhole: wholeFiles(folder, nameless, named) }),
      create: (name) => openIn(name, createFlags),
      openToWrite: (name) => openIn(name, writeFlags),
      rename: (from, to) => translated(named(from), () => fs.renameSync(by(from), by(to))),
      remove: (name) => removeFile(() => translated(named(name), () => fs.unlinkSync(by(name)))),
      close: () => fs.closeSync(folder),
    };
  }

  const platform: Platform = {
    name: options.name,
    capabilities: options.capabilities,
    privileged,
    defaultExcludes: options.defaultExcludes,

    absolute: (path) => {
      if (typeof path === 'string') return Buffer.from(resolve(path));
      // Bytes that are no UTF-8 survive latin1; the parts that matter (`/`, `.`) are ASCII.
      return path[0] === 0x2f
        ? Buffer.from(resolve(path.toString('latin1')), 'latin1')
        : Buffer.concat([Buffer.from(`${process.cwd()}/`), path]);
    },
    split: (path) => {
      const parts: Buffer[] = [];
      for (let start = 0; start < path.length;) {
        const end = path.indexOf(0x2f, start);
        const stop = end < 0 ? path.length : end;
        if (stop > start) parts.push(path.subarray(start, stop));
        start = stop + 1;
      }
      return parts;
    },
    join: (folder, name) =>
      folder.length === 1 && folder[0] === 0x2f ? Buffer.concat([folder, name]) : Buffer.concat([folder, slash, name]),
    fromParts: (parts) => (parts.length === 0 ? slash : Buffer.concat(parts.flatMap((part) => [slash, part]))),
    realPath: (path) => at(path, (reached) => fs.realpathSync.native(reached, { encoding: 'buffer' })),
    nameProblem: (name) => {
      if (name.length === 0) return 'is empty';
      if (name.length > 255) return 'is longer than 255 bytes';
      if (name.includes(0)) return 'contains NUL';
      if (name.includes(0x2f)) return 'contains "/"';
      if (name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e))) return 'leads out of its folder';
      return undefined;
    },

    facts: (path) => at(path, (reached) => factsOf(fs.lstatSync(reached, { bigint: true }))),
    factsLater: (path) => later(path, async (reached) => factsOf(await lstatLater(reached, { bigint: true }))),
    factsIfAny: (path) => {
      try {
        return at(path, (reached) => {
          const stat = fs.lstatSync(reached, { bigint: true, throwIfNoEntry: false });
          return stat && factsOf(stat);
        });
      } catch (error) {
        if (isAppError(error, 'not_a_folder') || isAppError(error, 'file_not_found')) return undefined;
        throw error;
      }
    },
    names: (folder) => later(folder, async (reached) => asBytes(await readdir(reached, { encoding: 'latin1' }))),
    namesNow: (folder) => asBytes(at(folder, (reached) => fs.readdirSync(reached, { encoding: 'latin1' }))),
    linkTarget: (path) => at(path, (reached) => fs.readlinkSync(reached, { encoding: 'buffer' })),
    extendedAttributes: (path) => attributesOf(() => native(path, (p) => calls.attributes(p))),
    ...accounts,

    openToRead: (path) => {
      const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
      let file: OpenFile;
      try {
        file = open(path, flags | options.readFlags);
      } catch (error) {
        if (options.readFlags === 0 || !isAppError(error, 'access_denied')) throw error;
        file = open(path, flags);
      }
      return file;
    },
    create: (path) => open(path, createFlags, uncached),
    openToWrite: (path) => open(path, writeFlags, uncached),
    holdFolder: (path) => (options.pathOf ? pinned(path, options.pathOf) : folderByPath(platform, path)),
    clone: (from, to) => {
      try {
        at(from, (a) => at(to, (b) => fs.copyFileSync(a, b, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE_FORCE)));
        return 'done';
      } catch (error) {
        // ENOTSUP, EXDEV, EINVAL, ENOTTY: each file system has its own way to say that it shares no blocks.
        if (!isAppError(error, 'unsupported') && !isAppError(error, 'io_failed')) throw error;
        try {
          at(to, (reached) => fs.unlinkSync(reached));
        } catch (left) {
          if (!isAppError(left, 'file_not_found')) throw left;
        }
        return 'unsupported';
      }
    },
    freeBytes: (folder) =>
      at(folder, (reached) => {
        const { blocks, bavail, bsize } = fs.statfsSync(reached, { bigint: true });
        // Of no size at all: one that does not tell (ramfs, many FUSE file systems).
        return blocks === 0n ? undefined : Number(bavail * bsize);
      }),
    makeFolder: (path, mode) => at(path, (reached) => void fs.mkdirSync(reached, mode)),
    rename: (from, to) => at(from, (a) => at(to, (b) => fs.renameSync(a, b))),
    hardLink: (existing, path) => at(existing, (a) => at(path, (b) => fs.linkSync(a, b))),
    symlink: (target, path) => at(path, (reached) => fs.symlinkSync(target, reached)),
    fifo: (path, mode) => orUnsupported(() => native(path, (p) => calls.mkfifo(p, mode))),
    device: (path, kind, deviceNumber, mode) => {
      if (!privileged) return 'unsupported';
      const type = kind === 'block-device' ? fs.constants.S_IFBLK : fs.constants.S_IFCHR;
      return orUnsupported(() => native(path, (p) => calls.mknod(p, type | mode, deviceNumber)));
    },
    remove: (path, kind) => removeFile(() => at(path, (reached) => (kind === 'folder' ? fs.rmdirSync(reached) : fs.unlinkSync(reached)))),
    setMode: (path, mode) =>
      at(path, (reached) => {
        // chmod follows links: the check and the call are as close together as the API allows, and callers hold the folder.
        if (fs.lstatSync(reached).isSymbolicLink()) throw new EngineError('symlink_in_path', `${displayPath(path)}: is a symbolic link`);
        fs.chmodSync(reached, mode);
      }),
    setOwner: (path, uid, gid) => orUnsupported(() => at(path, (reached) => fs.lchownSync(reached, uid, gid))),
    setTimes: (path, mtimeNs) => orUnsupported(() => native(path, (p) => calls.utimensat(p, mtimeNs))),
    setExtendedAttribute: (path, { name, value }) =>
      orUnsupported(() => native(path, (p) => calls.setAttribute(p, terminated(name), value))),
    removeExtendedAttribute: (path, name) => orUnsupported(() => native(path, (p) => calls.removeAttribute(p, terminated(name)))),
    lock: async (path) => {
      const fd = at(path, (reached) => fs.openSync(reached, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW, 0o600));
      if (calls.lock(fd)) return { release: () => fs.closeSync(fd) };
      fs.closeSync(fd);
      return undefined;
    },
    preferLargePages: (memory) => calls.preferLargePages(memory),
    syncFolder: (path) =>
      at(path, (reached) => {
        const fd = fs.openSync(reached, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
        try {
          fs.fsyncSync(fd);
        } finally {
          fs.closeSync(fd);
        }
      }),
    syncPath: async (path) => {
      try {
        const fd = at(path, (reached) => fs.openSync(reached, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK));
        try {
          await syncLater(fd);
        } finally {
          fs.closeSync(fd);
        }
        return 'done';
      } catch (error) {
        if (isAppError(error, 'file_not_found') || isAppError(error, 'symlink_in_path')) return 'done';
        if (isAppError(error, 'access_denied')) return 'unsupported';
        throw isAppError(error) ? error : fileError(systemErrorCode(error) ?? 'unknown error', path, error);
      }
    },
    syncAll: async (folder) => {
      if (!calls.syncAll) return 'unsupported';
      const fd = at(folder, (reached) => fs.openSync(reached, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY));
      try {
        await calls.syncAll(fd, folder);
        return 'done';
      } finally {
        fs.closeSync(fd);
      }
    },
  };
  return platform;
}
