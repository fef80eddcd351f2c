import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type DurableFiles, temporaryPrefix, type WritableFile } from '#libs/kernel/node';
import type { PackSpool } from '#libs/vault/sealing';

/** A spool in a temporary file; a sweep of its folder finds it when its process died. */
export class FileSpool implements PackSpool {
  readonly path: string;
  readonly #files: DurableFiles;
  readonly #file: WritableFile;
  #open = true;

  private constructor(files: DurableFiles, path: string, file: WritableFile) {
    this.#files = files;
    this.path = path;
    this.#file = file;
  }

  static async create(files: DurableFiles, folder: string): Promise<FileSpool> {
    const path = join(folder, `${temporaryPrefix}${randomBytes(8).toString('hex')}`);
    return new FileSpool(files, path, await files.openWritable(path, { uncached: true }));
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#file.write(offset, bytes);
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#file.read(offset, length);
  }

  async close(): Promise<void> {
    if (this.#open) await this.#file.close();
    this.#open = false;
  }

  async discard(): Promise<void> {
    await this.close();
    await this.#files.remove(this.path);
  }
}
