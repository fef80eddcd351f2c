import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { resolve, win32 } from 'node:path';
import { systemErrorCode } from '#libs/kernel';
import type { OpenFile, Platform } from './platform.ts';
import { folderByPath } from './held-folder.ts';
import { factsOf, type FileExtras, SystemFile } from './system-file.ts';
import { asFileError, fileError, orUnsupported, translated } from './system-error.ts';

const excludes = [
  '$Recycle.Bin/',
  'System Volume Information/',
  'AppData/Local/Temp/',
  'AppData/Local/Microsoft/Windows/INetCache/',
  'pagefile.sys',
  'hiberfil.sys',
  'swapfile.sys',
  'AppData/Local/holdfast/',
];
/** Characters and device names that Windows refuses or treats as something else. */
const refusedCharacters = /[<>:"/\\|?*\u0000-\u001f]/;
const reservedNames = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;

/**
 * Windows, by construction: content, names, folders, links and modification times (to the 100 ns of NTFS, within what a double carries).
 * No owners, modes beyond read-only, alternate streams, ACLs, sparse ranges or fifos: those answer `unsupported`.
 * `\\?\` prefixes lift the 260-character limit.
 */
export function windowsPlatform(): Platform {
  const text = (path: Buffer): string => win32.toNamespacedPath(path.toString('utf8'));
  const at = <T>(path: Buffer, call: (path: string) => T): T => translated(path, () => call(text(path)));
  const later = async <T>(path: Buffer, call: (path: string) => Promise<T>): Promise<T> => {
    try {
      return await call(text(path));
    } catch (error) {
      throw asFileError(error, path);
    }
  };
  const seconds = (mtimeNs: bigint): number => Number(mtimeNs / 1000n) / 1e6;
  const extras: FileExtras = {
    dataRanges: () => undefined,
    preallocate: () => 'unsupported',
    forgetCached: () => undefined,
    setTimes: (fd, mtimeNs, path) =>
      orUnsupported(() => translated(path, () => fs.futimesSync(fd, fs.fstatSync(fd).atime, seconds(mtimeNs)))),
    extendedAttributes: () => [],
  };
  const opened = (fd: number, path: Buffer): OpenFile => new SystemFile(fd, path, extras);
  const platform: Platform = {
    name: 'windows',
    capabilities: {
      nanosecondTimes: false,
      symlinkTimes: true,
      extendedAttributes: false,
      accessControlLists: false,
      sparseFiles: false,
      fifos: false,
      devices: false,
      ownership: false,
      syncAll: false,
      arbitraryNames: false,
    },
    privileged: false,
    defaultExcludes: excludes,

    absolute: (path) => Buffer.from(resolve(path.toString())),
    // The drive is the first part, without its colon: C:\Users\ada → C, Users, ada.
    split: (path) =>
      path
        .toString('utf8')
        .split(/[\\/]+/)
        .filter((part) => part.length > 0)
        .map((part, index) => Buffer.from(index === 0 ? part.replace(/:$/, '') : part)),
    join: (folder, name) => Buffer.from(win32.join(folder.toString('utf8'), name.toString('utf8'))),
    fromParts: (parts) =>
      Buffer.from(
        `${parts[0]?.toString('utf8') ?? 'C'}:\\${parts
          .slice(1)
          .map((part) => part.toString('utf8'))
          .join('\\')}`,
      ),
    realPath: (path) => Buffer.from(translated(path, () => fs.realpathSync.native(path.toString('utf8')))),
    nameProblem: (name) => {
      const said = Buffer.from(name).toString('utf8');
      if (said.length === 0) return 'is empty';
      if (said === '.' || said === '..') return 'leads out of its folder';
      if (said.includes('\uFFFD')) return 'is no Unicode text';
      if (refusedCharacters.test(said)) return 'contains a character that Windows refuses';
      if (reservedNames.test(said)) return 'is the name of a device on Windows';
      if (/[. ]$/.test(said)) return 'ends with a dot or a space';
      if (said.length > 255) return 'is longer than 255 characters';
      return undefined;
    },

    facts: (path) => at(path, (p) => factsOf(fs.lstatSync(p, { bigint: true }))),
    factsLater: (path) => later(path, async (p) => factsOf(await lstat(p, { bigint: true }))),
    factsIfAny: (path) =>
      at(path, (p) => {
        const stat = fs.lstatSync(p, { bigint: true, throwIfNoEntry: false });
        return stat && factsOf(stat);
      }),
    names: (folder) => later(folder, (p) => readdir(p, { encoding: 'buffer' })),
    namesNow: (folder) => at(folder, (p) => fs.readdirSync(p, { encoding: 'buffer' })),
    linkTarget: (path) => at(path, (p) => fs.readlinkSync(p, { encoding: 'buffer' })),
    extendedAttributes: () => [],
    userName: () => undefined,
    groupName: () => undefined,
    userId: () => undefined,
    groupId: () => undefined,

    openToRead: (path) => at(path, (p) => opened(fs.openSync(p, fs.constants.O_RDONLY), path)),
    create: (path) => at(path, (p) => opened(fs.openSync(p, 'wx+'), path)),
    openToWrite: (path) => at(path, (p) => opened(fs.openSync(p, 'r+'), path)),
    holdFolder: (path) => folderByPath(platform, path),
    clone: () => 'unsupported',
    freeBytes: (folder) =>
      at(folder, (p) => {
        const { blocks, bavail, bsize } = fs.statfsSync(p, { bigint: true });
        // Of no size at all: one that does not tell (ramfs, many FUSE file systems).
        return blocks === 0n ? undefined : Number(bavail * bsize);
      }),
    makeFolder: (path) => at(path, (p) => void fs.mkdirSync(p)),
    rename: (from, to) => at(from, (a) => at(to, (b) => fs.renameSync(a, b))),
    hardLink: (existing, path) => at(existing, (a) => at(path, (b) => fs.linkSync(a, b))),
    symlink: (target, path) => at(path, (p) => fs.symlinkSync(target.toString('utf8'), p)),
    fifo: () => 'unsupported',
    device: () => 'unsupported',
    remove: (path, kind) => at(path, (p) => (kind === 'folder' ? fs.rmdirSync(p) : fs.rmSync(p, { force: true }))),
    setMode: (path, mode) => at(path, (p) => fs.chmodSync(p, mode)),
    setOwner: () => 'unsupported',
    setTimes: (path, mtimeNs) =>
      orUnsupported(() => at(path, (p) => fs.lutimesSync(p, fs.lstatSync(p).atime, Number(mtimeNs / 1000n) / 1e6))),
    setExtendedAttribute: () => 'unsupported',
    removeExtendedAttribute: () => 'unsupported',
    // A named pipe has one server: the name stands for the file and dies with the process.
    lock: async (path) => {
      // Only here: every thread of a backup or restore loads this file.
      const { createServer } = await import('node:net');
      return new Promise((resolveLock, reject) => {
        const server = createServer();
        server.once('error', (error) =>
          systemErrorCode(error) === 'EADDRINUSE' ? resolveLock(undefined) : reject(fileError('EACCES', path, error)),
        );
        const name = createHash('sha256').update(text(path).toLowerCase()).digest('hex');
        server.listen(`\\\\.\\pipe\\holdfast-${name}`, () => resolveLock({ release: () => void server.close() }));
        server.unref();
      });
    },
    // NTFS journals names by itself and folders can't be opened.
    syncFolder: () => undefined,
    // Folders can't be opened; files only to write.
    syncPath: async (path) => {
      try {
        const file = await open(text(path), 'r+');
        try {
          await file.sync();
        } finally {
          await file.close();
        }
        return 'done';
      } catch (error) {
        const system = systemErrorCode(error) ?? 'unknown error';
        if (!['ENOENT', 'EISDIR', 'EPERM', 'EACCES'].includes(system)) throw fileError(system, path, error);
        return 'unsupported';
      }
    },
    syncAll: () => Promise.resolve('unsupported'),
  };
  return platform;
}
