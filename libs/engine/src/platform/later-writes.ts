import * as fs from 'node:fs';
import { systemErrorCode } from '#libs/kernel';
import { pageBytes } from '#libs/kernel/page-aligned';
import { fileError } from './system-error.ts';

/** How an open file is opened a second time, for writes past the page cache: by a path that leads to the file itself, whatever its name leads to by then. */
export interface UncachedWay {
  readonly pathOf: (fd: number) => Buffer;
  readonly flag: number;
}

/**
 * `writeLater` of an open file. Whole pages go by a second descriptor, opened at the first such write; what is left of the first and the last page, and
 * everything where the system refuses, by the file's own. Both in one file are seen by all.
 */
export class LaterWrites {
  readonly #fd: number;
  readonly #path: Buffer;
  readonly #way: UncachedWay | undefined;
  #uncached: number | undefined;
  #refused = false;

  constructor(fd: number, path: Buffer, way: UncachedWay | undefined) {
    this.#fd = fd;
    this.#path = path;
    this.#way = way;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    const first = Math.min(bytes.length, (pageBytes - (position % pageBytes)) % pageBytes);
    const last = bytes.length - ((position + bytes.length) % pageBytes);
    const isAligned = bytes.byteOffset % pageBytes === position % pageBytes;
    if (!isAligned || last <= first || this.#descriptor() === undefined) return this.#usual(bytes, position);
    // Even the few bytes at the ends wait for whoever writes into the same file just now, which is no reason for this thread to wait.
    const parts = await Promise.allSettled([
      this.#pages(bytes.subarray(first, last), position + first),
      this.#usual(bytes.subarray(0, first), position),
      this.#usual(bytes.subarray(last), position + last),
    ]);
    for (const part of parts) if (part.status === 'rejected') throw part.reason;
  }

  close(): void {
    if (this.#uncached !== undefined) fs.closeSync(this.#uncached);
    this.#uncached = undefined;
  }

  #descriptor(): number | undefined {
    if (this.#refused || !this.#way) return undefined;
    try {
      return (this.#uncached ??= fs.openSync(this.#way.pathOf(this.#fd), fs.constants.O_WRONLY | this.#way.flag));
    } catch {
      // The file system has no such thing, or there are no descriptors left.
      this.#refused = true;
      return undefined;
    }
  }

  /** Past the page cache, as far as the system can. */
  async #pages(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    // A write that was cut short inside a page is gone on with in the usual way.
    while (done < bytes.length && done % pageBytes === 0) {
      const { count, error } = await writeSome(this.#uncached!, bytes.subarray(done), position + done);
      done += count;
      if (!error) continue;
      // EINVAL: not aligned enough for this disk.
      if (systemErrorCode(error) !== 'EINVAL') throw this.#failure(error);
      this.#refused = true;
      break;
    }
    await this.#usual(bytes.subarray(done), position + done);
  }

  async #usual(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { count, error } = await writeSome(this.#fd, bytes.subarray(done), position + done);
      if (error) throw this.#failure(error);
      done += count;
    }
  }

  #failure(error: Error): Error {
    const system = systemErrorCode(error);
    return system === undefined ? error : fileError(system, this.#path, error);
  }
}

function writeSome(fd: number, bytes: Uint8Array, position: number): Promise<{ readonly count: number; readonly error?: Error }> {
  return new Promise((resolve) => {
    fs.write(fd, bytes, 0, bytes.length, position, (error, count) => resolve(error ? { count: 0, error } : { count }));
  });
}
