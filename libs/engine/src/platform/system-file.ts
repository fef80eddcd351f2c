import * as fs from 'node:fs';
import { LaterWrites, type UncachedWay } from './later-writes.ts';
import type { Applied, DataRange, ExtendedAttribute, FileFacts, FileKind, OpenFile, Owner } from './platform.ts';
import { asFileError, orUnsupported, translated } from './system-error.ts';

const kinds: Readonly<Record<number, FileKind>> = {
  [fs.constants.S_IFREG]: 'file',
  [fs.constants.S_IFDIR]: 'directory',
  [fs.constants.S_IFLNK]: 'symlink',
  [fs.constants.S_IFIFO]: 'fifo',
  [fs.constants.S_IFCHR]: 'character-device',
  [fs.constants.S_IFBLK]: 'block-device',
  [fs.constants.S_IFSOCK]: 'socket',
};

/**
 * File systems say times that no snapshot can hold: 1601 for "never" (NTFS, network shares), or the year 30828. The nearest that it can: 1677 and 2262.
 */
const earliestNs = -(2n ** 63n);
const latestNs = 2n ** 63n - 1n;
const holdable = (ns: bigint): bigint => (ns < earliestNs ? earliestNs : ns > latestNs ? latestNs : ns);
/** Node takes 64 bits of the system as signed; overlays and network shares use the highest of an inode's. */
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

export function factsOf(stat: fs.BigIntStats): FileFacts {
  const mode = Number(stat.mode);
  return {
    kind: kinds[mode & fs.constants.S_IFMT] ?? 'unknown',
    mode: mode & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    sizeBytes: Number(stat.size),
    allocatedBytes: Number(stat.blocks) * 512,
    mtimeNs: holdable(stat.mtimeNs),
    ctimeNs: holdable(stat.ctimeNs),
    birthtimeNs: holdable(stat.birthtimeNs),
    device: unsigned(stat.dev),
    inode: unsigned(stat.ino),
    links: Number(stat.nlink),
    deviceNumber: unsigned(stat.rdev),
  };
}

/** What only some systems can do with an open file, by its descriptor; paths are for messages. */
export interface FileExtras {
  dataRanges(fd: number, sizeBytes: number, goOn: (soFar: number) => boolean): DataRange[] | undefined;
  preallocate(fd: number, sizeBytes: number, path: Buffer): Applied;
  forgetCached(fd: number): void;
  setTimes(fd: number, mtimeNs: bigint, path: Buffer): Applied;
  extendedAttributes(fd: number, path: Buffer): ExtendedAttribute[];
}

/**
 * An open file of `node:fs`. A class and not an object of closures, and what every small file needs without one a call: a backup opens very many, and their
 * fifteen closures were a tenth of a sealing thread's garbage.
 */
export class SystemFile implements OpenFile {
  readonly #fd: number;
  readonly #path: Buffer;
  readonly #extras: FileExtras;
  /** How to write past the page cache; undefined where there is no way. */
  readonly #uncached: UncachedWay | undefined;
  #later: LaterWrites | undefined;

  constructor(fd: number, path: Buffer, extras: FileExtras, uncached?: UncachedWay) {
    this.#fd = fd;
    this.#path = path;
    this.#extras = extras;
    this.#uncached = uncached;
  }

  facts(): FileFacts {
    try {
      return factsOf(fs.fstatSync(this.#fd, { bigint: true }));
    } catch (error) {
      throw asFileError(error, this.#path);
    }
  }

  read(into: Uint8Array, position: number): number {
    try {
      let done = 0;
      while (done < into.length) {
        const count = fs.readSync(this.#fd, into, done, into.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    } catch (error) {
      throw asFileError(error, this.#path);
    }
  }

  write(bytes: Uint8Array, position: number): void {
    translated(this.#path, () => {
      for (let done = 0; done < bytes.length;) done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
    });
  }

  writeLater(bytes: Uint8Array, position: number): Promise<void> {
    this.#later ??= new LaterWrites(this.#fd, this.#path, this.#uncached);
    return this.#later.write(bytes, position);
  }

  truncate(sizeBytes: number): void {
    translated(this.#path, () => fs.ftruncateSync(this.#fd, sizeBytes));
  }

  preallocate(sizeBytes: number): Applied {
    return this.#extras.preallocate(this.#fd, sizeBytes, this.#path);
  }

  forgetCached(): void {
    this.#extras.forgetCached(this.#fd);
  }

  setMode(mode: number): void {
    translated(this.#path, () => fs.fchmodSync(this.#fd, mode));
  }

  owner(): Owner {
    return translated(this.#path, () => fs.fstatSync(this.#fd));
  }

  setOwner(uid: number, gid: number): Applied {
    return orUnsupported(() => translated(this.#path, () => fs.fchownSync(this.#fd, uid, gid)));
  }

  setTimes(mtimeNs: bigint): Applied {
    return this.#extras.setTimes(this.#fd, mtimeNs, this.#path);
  }

  extendedAttributes(): ExtendedAttribute[] {
    return this.#extras.extendedAttributes(this.#fd, this.#path);
  }

  dataRanges(sizeBytes: number, goOn: (soFar: number) => boolean = () => true): DataRange[] | undefined {
    return this.#extras.dataRanges(this.#fd, sizeBytes, goOn);
  }

  sync(): void {
    translated(this.#path, () => fs.fsyncSync(this.#fd));
  }

  close(): void {
    try {
      this.#later?.close();
      fs.closeSync(this.#fd);
    } catch (error) {
      throw asFileError(error, this.#path);
    }
  }
}
