import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, systemErrorCode } from '../index.ts';
import type { DurableFiles, FileEntry, FilesErrorCode, WritableFile } from './durable-files.ts';
import { FilesError, temporaryPrefix } from './durable-files.ts';
import { UncachedWrites } from './uncached-writes.ts';

const codes: Readonly<Record<string, FilesErrorCode>> = {
  ENOENT: 'file_not_found',
  ENOTDIR: 'file_not_found',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EACCES: 'access_denied',
  EPERM: 'access_denied',
  EROFS: 'access_denied',
  EFBIG: 'file_too_large',
  ERR_FS_FILE_TOO_LARGE: 'file_too_large',
  EMFILE: 'too_many_open_files',
  ENFILE: 'too_many_open_files',
};
const nextSteps: Partial<Record<FilesErrorCode, string>> = {
  disk_full: 'Free some space on this disk, or move the data folder to a larger one; nothing was lost.',
  access_denied: 'Check the owner and mode of this folder.',
  too_many_open_files: 'Raise the limit of open files (ulimit -n).',
};

/** Turns a system error into a {@link FilesError} (unchanged when it is one, or no system error at all). */
export function translateFileError(error: unknown, path: string): unknown {
  const system = systemErrorCode(error);
  if (system === undefined) return error;
  const code = codes[system] ?? 'io_failed';
  const temporary = code === 'disk_full' || code === 'too_many_open_files';
  return new FilesError(code, `${basename(path)}: ${messageOf(error)}`, {
    status: temporary ? 'temporary' : 'permanent',
    context: { path, system },
    nextStep: nextSteps[code],
    cause: error,
  });
}

async function translated<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateFileError(error, path);
  }
}

/** Makes a rename or a new name durable. Windows can't open folders; NTFS journals names by itself. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position === null ? null : position + done);
    done += bytesWritten;
  }
}

/** Runs `work`; when the folder is missing, makes it (durably, parents too) and runs it again. */
async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first !== undefined) for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
    return work();
  }
}

async function readAt(handle: FileHandle, offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
  // A short read at the end of the file leaves uninitialised memory behind the view: cut it off.
  const buffer = into && into.length >= length ? into : Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return new Uint8Array(buffer.buffer, buffer.byteOffset, done);
}

function openFile(handle: FileHandle, path: string, sizeBytes: number, uncached?: UncachedWrites): WritableFile {
  let size = sizeBytes;
  return {
    get sizeBytes() {
      return size;
    },
    read: (offset, length, into) => translated(path, () => readAt(handle, offset, Math.max(0, Math.min(length, size - offset)), into)),
    write: (offset, bytes) =>
      translated(path, async () => {
        const done = uncached ? await uncached.write(offset, bytes) : 0;
        if (done < bytes.length) await writeAll(handle, bytes.subarray(done), offset + done);
        size = Math.max(size, offset + bytes.length);
      }),
    sync: () => translated(path, () => handle.sync()),
    close: () =>
      translated(path, async () => {
        try {
          await uncached?.close();
        } finally {
          await handle.close();
        }
      }),
  };
}

/** At its size; closed again when even that can't be read. */
async function openAtSize(handle: FileHandle, path: string, uncached?: UncachedWrites): Promise<WritableFile> {
  try {
    return openFile(handle, path, (await handle.stat()).size, uncached);
  } catch (error) {
    await uncached?.close();
    await handle.close();
    throw error;
  }
}

/** {@link DurableFiles} on the real file system. */
export const nodeFiles: DurableFiles = {
  replace: (path, ...parts) =>
    translated(path, async () => {
      const folder = dirname(path);
      const temporary = join(folder, temporaryPrefix + randomBytes(8).toString('hex'));
      const handle = await inFolder(folder, () => open(temporary, 'wx', 0o600));
      try {
        try {
          for (const part of parts) await writeAll(handle, part, null);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, path);
      } catch (error) {
        await unlink(temporary).catch(() => undefined);
        throw error;
      }
      await syncFolder(folder);
    }),

  append: (path, bytes) =>
    translated(path, async () => {
      const folder = dirname(path);
      const handle = await inFolder(folder, () => open(path, 'a', 0o600));
      try {
        const { size } = await handle.stat();
        try {
          await writeAll(handle, bytes, null);
          await handle.sync();
        } catch (error) {
          // A full disk must not leave half a record in front of the next one.
          await handle.truncate(size).catch(() => undefined);
          throw error;
        }
        if (size === 0) await syncFolder(folder);
      } finally {
        await handle.close();
      }
    }),

  read: (path, options = {}) =>
    translated(path, async () => {
      const handle = await open(path, 'r');
      try {
        const { size } = await handle.stat();
        if (size > (options.maxBytes ?? Number.MAX_SAFE_INTEGER)) {
          throw new FilesError('file_too_large', `${basename(path)} has ${size} bytes, at most ${options.maxBytes} are allowed`, {
            context: { path, size },
          });
        }
        return await readAt(handle, 0, size);
      } finally {
        await handle.close();
      }
    }),

  open: (path) => translated(path, async () => openAtSize(await open(path, 'r'), path)),

  openWritable: (path, options = {}) =>
    translated(path, async () => {
      const folder = dirname(path);
      const handle = await inFolder(folder, async () => {
        try {
          return await open(path, 'r+');
        } catch (error) {
          if (systemErrorCode(error) !== 'ENOENT') throw error;
          return open(path, 'wx+', 0o600);
        }
      });
      const uncached = options.uncached ? await UncachedWrites.open(path) : undefined;
      return openAtSize(handle, path, uncached);
    }),

  move: (from, to) =>
    translated(from, async () => {
      const source = await stat(from);
      if (!source.isFile()) throw new FilesError('io_failed', `${basename(from)} is no file`, { context: { path: from } });
      await inFolder(dirname(to), () => rename(from, to));
      await syncFolder(dirname(to));
      if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
    }),

  size: (path) =>
    translated(path, async () => {
      try {
        const found = await stat(path);
        return found.isFile() ? found.size : undefined;
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
        throw error;
      }
    }),

  list: (folder) =>
    translated(folder, async () => {
      try {
        const entries = await readdir(folder, { withFileTypes: true });
        return entries
          .filter((entry) => !entry.name.startsWith(temporaryPrefix))
          .map((entry): FileEntry => ({ name: entry.name, kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other' }));
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') return [];
        throw error;
      }
    }),

  remove: (path) =>
    translated(path, async () => {
      try {
        await unlink(path);
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return;
        throw error;
      }
      await syncFolder(dirname(path));
    }),

  sweep: (folder) =>
    translated(folder, async () => {
      let names: string[];
      try {
        names = await readdir(folder);
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') return;
        throw error;
      }
      for (const name of names) if (name.startsWith(temporaryPrefix)) await unlink(join(folder, name));
    }),
};
