import { isAppError } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { EngineError } from '../errors.ts';
import type { LostPack } from './lost-file.ts';

export type { LostPack };

/** A million packs of 100 bytes each. */
const maxBytes = 128 * 1024 * 1024;

/**
 * `lost`: packs that a repair took out of the index because they could not be read anywhere. They are never released: whoever still has one, on a
 * machine that was away, has perhaps the only copy, and a later repair takes it back.
 */
export class LostPacks {
  readonly #files: DurableFiles;
  readonly #path: string;

  constructor(files: DurableFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Throws `vault_state_corrupt`. */
  async read(): Promise<LostPack[]> {
    try {
      const bytes = await this.#files.read(this.#path, { maxBytes });
      // Loaded with its file, which hardly any vault has: schemas take as long as everything else that a backup loads.
      const { lostFile } = await import('./lost-file.ts');
      return lostFile.parse(JSON.parse(Buffer.from(bytes).toString())).packs;
    } catch (cause) {
      if (isAppError(cause, 'file_not_found')) return [];
      if (isAppError(cause)) throw cause;
      throw new EngineError('vault_state_corrupt', 'the list of lost packs is damaged', {
        context: { path: this.#path },
        nextStep: `Delete ${this.#path}: packs in it that come back on another machine are then not looked for.`,
        cause,
      });
    }
  }

  async add(packs: readonly LostPack[]): Promise<void> {
    const all = new Map((await this.read()).map((pack) => [pack.packId, pack]));
    for (const { packId, ordinal, sizeBytes } of packs) all.set(packId, { packId, ordinal, sizeBytes });
    await this.#files.replace(this.#path, Buffer.from(JSON.stringify({ v: 1, packs: [...all.values()] })));
  }
}
