import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { systemErrorCode } from '../index.ts';
import { pageBytes } from './page-aligned.ts';

/**
 * Writes to a file past the page cache (O_DIRECT): what a backup writes would only push out what somebody works with, and copying it there costs more
 * processor time than sealing it. Undefined where the system or the file system has no such thing. Nothing is durable before fsync, as ever.
 */
export class UncachedWrites {
  readonly #handle: FileHandle;
  #refused = false;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async open(path: string): Promise<UncachedWrites | undefined> {
    if (process.platform !== 'linux') return undefined;
    try {
      return new UncachedWrites(await open(path, constants.O_WRONLY | constants.O_DIRECT));
    } catch {
      return undefined;
    }
  }

  /**
   * Writes as much from the start of `bytes` as goes this way and says how much: whole pages at a page's offset from memory that is page-aligned. The
   * rest is to be written as usual; both in one file are seen by all.
   */
  async write(offset: number, bytes: Uint8Array): Promise<number> {
    const length = bytes.length - (bytes.length % pageBytes);
    if (this.#refused || offset % pageBytes !== 0 || bytes.byteOffset % pageBytes !== 0) return 0;
    let done = 0;
    while (done < length) {
      try {
        done += (await this.#handle.write(bytes, done, length - done, offset + done)).bytesWritten;
      } catch (error) {
        // Not aligned enough for this disk, or after a write that was cut short: the usual way does it, or says what is wrong.
        if (systemErrorCode(error) !== 'EINVAL') throw error;
        this.#refused = true;
        break;
      }
    }
    return done;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
