import { join } from 'node:path';
import { z } from 'zod';
import { packId, signedStatement, timeMs, vaultId } from '#libs/contracts';
import { isAppError } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { JsonFile } from '../home/json-file.ts';

/**
 * One release at this holder. `packs`: those still held because of it, each with what the hold timer showed when its hold began.
 * An ended one stays as a note without packs, so that it can not begin again: a cancelled one for good, one that was carried out for as long as the book is told.
 */
const hold = z.strictObject({
  version: z.literal(1),
  releaseId: z.uuid(),
  vaultId,
  state: z.enum(['holding', 'cancelled', 'deleted']),
  seenAtMs: timeMs,
  holdMs: z.number().min(0),
  /** The two statements as they came; null once it has ended. */
  signed: z.strictObject({ release: signedStatement, countersign: signedStatement }).nullable(),
  packs: z.array(z.strictObject({ packId, startedAtElapsedMs: z.number().min(0) })),
});
export type Hold = z.infer<typeof hold>;

/** The holds of this device, a file each. A file that can't be read counts as none: its hold begins again. */
export class HoldBook {
  readonly #files: DurableFiles;
  readonly #folder: string;
  readonly #rememberDeletedMs: number;
  readonly #holds = new Map<string, Hold>();

  private constructor(files: DurableFiles, folder: string, rememberDeletedMs: number) {
    this.#files = files;
    this.#folder = folder;
    this.#rememberDeletedMs = rememberDeletedMs;
  }

  /** Notes of what was carried out longer ago than `rememberDeletedMs` go; without it they stay. */
  static async open(
    files: DurableFiles,
    folder: string,
    { nowMs, rememberDeletedMs }: { readonly nowMs: number; readonly rememberDeletedMs: number } = {
      nowMs: 0,
      rememberDeletedMs: Number.POSITIVE_INFINITY,
    },
  ): Promise<HoldBook> {
    const book = new HoldBook(files, folder, rememberDeletedMs);
    await files.sweep(folder);
    for (const { name, kind } of await files.list(folder)) {
      if (kind !== 'file' || !name.endsWith('.json')) continue;
      const read = await book
        .#file(name.slice(0, -'.json'.length))
        .read()
        .catch((error: unknown) => {
          if (isAppError(error, 'home_corrupt')) return undefined;
          throw error;
        });
      if (read && name === `${read.releaseId}.json`) book.#holds.set(read.releaseId, read);
    }
    await book.forgetOld(nowMs);
    return book;
  }

  get(releaseId: string): Hold | undefined {
    return this.#holds.get(releaseId);
  }

  /** Those that run, oldest first. */
  running(): Hold[] {
    return [...this.#holds.values()].filter((one) => one.state === 'holding').sort((a, b) => a.seenAtMs - b.seenAtMs);
  }

  /** Durable when it resolves. */
  async put(one: Hold): Promise<void> {
    await this.#file(one.releaseId).write(one);
    this.#holds.set(one.releaseId, one);
  }

  /** Once a month is enough; a clock that is wrong only keeps notes longer, or lets go what is over anyway. */
  async forgetOld(nowMs: number): Promise<void> {
    for (const { releaseId, state, seenAtMs } of [...this.#holds.values()]) {
      if (state !== 'deleted' || nowMs - seenAtMs < this.#rememberDeletedMs) continue;
      await this.#files.remove(join(this.#folder, `${releaseId}.json`));
      this.#holds.delete(releaseId);
    }
  }

  #file(releaseId: string): JsonFile<Hold> {
    return new JsonFile(this.#files, join(this.#folder, `${releaseId}.json`), hold);
  }
}
