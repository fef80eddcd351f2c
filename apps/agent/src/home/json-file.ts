import type { z } from 'zod';
import { isAppError, messageOf, utf8 } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { AgentError } from '../errors.ts';

/** Longer than any state file gets; a roster of 20,000 members has about 12 MB. */
const maxStateBytes = 64 * 1024 * 1024;

/** One state file, checked by its schema whenever it is read. */
export class JsonFile<T> {
  readonly #files: DurableFiles;
  readonly #path: string;
  readonly #schema: z.ZodType<T>;

  constructor(files: DurableFiles, path: string, schema: z.ZodType<T>) {
    this.#files = files;
    this.#path = path;
    this.#schema = schema;
  }

  /** Undefined when there is none yet. Throws `home_corrupt` for a file that doesn't fit its schema. */
  async read(): Promise<T | undefined> {
    let bytes: Uint8Array;
    try {
      bytes = await this.#files.read(this.#path, { maxBytes: maxStateBytes });
    } catch (error) {
      if (isAppError(error, 'file_not_found')) return undefined;
      throw error;
    }
    try {
      return this.#schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    } catch (cause) {
      throw new AgentError('home_corrupt', `${this.#path} can't be read: ${messageOf(cause).slice(0, 300)}`, {
        cause,
        context: { path: this.#path },
        nextStep: 'Move this file away and start again; files that the coordinator also knows are fetched anew.',
      });
    }
  }

  /** Durable and atomic: after a crash the file is the old or the new one. */
  async write(value: T): Promise<void> {
    await this.#files.replace(this.#path, utf8(`${JSON.stringify(value, undefined, 1)}\n`));
  }
}
