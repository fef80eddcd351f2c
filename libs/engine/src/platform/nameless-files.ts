import koffi from 'koffi';
import { constants, readFileSync } from 'node:fs';
import { lastError } from './posix-calls.ts';

/**
 * The calls that make a file without a name and give it one. By the C library throughout and by descriptors, not by `node:fs` and `/proc/self/fd`: the way through these
 * takes as long again as the system does for some of them. Each says what the system said when it failed (`ENOSPC`, …), and undefined when it did not.
 */
export interface NamelessFiles {
  /** Readable and writable, in an open folder, of this mode less {@link umask}. A descriptor, or what the system said. Not closed by anything but {@link close}. */
  open(folder: number, mode: number): number | string;
  /** Writes from the start. */
  write(fd: number, bytes: Uint8Array): string | undefined;
  setOwner(fd: number, uid: number, gid: number): string | undefined;
  setMode(fd: number, mode: number): string | undefined;
  setTimes(fd: number, mtimeNs: bigint): string | undefined;
  /** `EEXIST` when something has that name. */
  giveName(fd: number, folder: number, name: Uint8Array): string | undefined;
  close(fd: number): void;
  /** Bits that the system takes off the mode of a new file; undefined where it can't be told. */
  umask(): number | undefined;
}

/** fcntl.h, the same on every architecture that Node.js runs on. */
const O_TMPFILE = 0o20000000;
const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_SYMLINK_FOLLOW = 0x400;
const here = Buffer.from('.\0');
const nothing = Buffer.from('\0');
/** The longest name of any file system is 255 bytes, and one that is longer is refused all the same. */
const nameRoom = 1024;

/** Linux from 3.11. `way` to the file when it gets its name: what is not allowed to go by descriptor goes by /proc by itself. Whether a file system can is seen at the first file. */
export function namelessFiles(
  setTimes: (fd: number, mtimeNs: bigint) => boolean,
  way: 'descriptor' | 'proc' = 'descriptor',
): NamelessFiles {
  const library = koffi.load(null);
  const bytesType = 'const uint8_t *';
  const openat = library.func('openat', 'int', ['int', bytesType, 'int', 'uint32_t']);
  const pwrite = library.func('pwrite', 'int64_t', ['int', bytesType, 'size_t', 'int64_t']);
  const fchown = library.func('fchown', 'int', ['int', 'uint32_t', 'uint32_t']);
  const fchmod = library.func('fchmod', 'int', ['int', 'uint32_t']);
  const linkat = library.func('linkat', 'int', ['int', bytesType, 'int', bytesType, 'int']);
  const close = library.func('close', 'int', ['int']);
  const flags = O_TMPFILE | constants.O_DIRECTORY | constants.O_RDWR | O_CLOEXEC;
  const name = Buffer.alloc(nameRoom);
  let mask: number | undefined | null = null;
  let byDescriptor = way === 'descriptor';
  const said = (result: number): string | undefined => (result === 0 ? undefined : lastError());

  return {
    open(folder, mode) {
      const fd = openat(folder, here, flags, mode) as number;
      return fd < 0 ? lastError() : fd;
    },
    write(fd, bytes) {
      for (let done = 0; done < bytes.length;) {
        const count = Number(pwrite(fd, done === 0 ? bytes : bytes.subarray(done), bytes.length - done, done));
        if (count > 0) done += count;
        else if (count === 0) return 'EIO';
        else if (lastError() !== 'EINTR') return lastError();
      }
      return undefined;
    },
    setOwner: (fd, uid, gid) => said(fchown(fd, uid, gid) as number),
    setMode: (fd, mode) => said(fchmod(fd, mode) as number),
    setTimes: (fd, mtimeNs) => (setTimes(fd, mtimeNs) ? undefined : lastError()),
    giveName(fd, folder, bytes) {
      if (bytes.length >= nameRoom) return 'ENAMETOOLONG';
      name.set(bytes);
      name[bytes.length] = 0;
      if (byDescriptor) {
        const problem = said(linkat(fd, nothing, folder, name, AT_EMPTY_PATH) as number);
        // Before Linux 6.10 only for the superuser.
        if (problem !== 'ENOENT' && problem !== 'EPERM') return problem;
        byDescriptor = false;
      }
      return said(linkat(AT_FDCWD, Buffer.from(`/proc/self/fd/${fd}\0`, 'latin1'), folder, name, AT_SYMLINK_FOLLOW) as number);
    },
    close: (fd) => void close(fd),
    umask: () => (mask === null ? (mask = umask()) : mask),
  };
}

/** Asking for the mask with umask(2) would set it for a moment, for all threads. */
function umask(): number | undefined {
  try {
    const said = /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    return said === undefined ? undefined : Number.parseInt(said, 8);
  } catch {
    return undefined;
  }
}
