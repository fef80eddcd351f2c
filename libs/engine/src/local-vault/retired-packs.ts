import { FilesError, type DurableFiles } from '#libs/kernel/node';
import { isAppError } from '#libs/kernel';
import { EngineError } from '../errors.ts';
import type { RetiredPack } from './retired-file.ts';

export type { RetiredPack };

/** A million packs of 300 bytes each. */
const maxBytes = 512 * 1024 * 1024;

/**
 * `retired`: packs on their way out, from before the head drops them until they are gone from this disk. A pack leaves the
 * store only by this list, so nothing that a head from elsewhere merely does not know is ever deleted.
 */
export class RetiredPacks {
  readonly #files: DurableFiles;
  readonly #path: string;

  constructor(files: DurableFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Throws `vault_state_corrupt`. A lost file costs room on the disk, no data. */
  async read(): Promise<RetiredPack[]> {
    let bytes: Uint8Array;
    try {
      bytes = await this.#files.read(this.#path, { maxBytes });
    } catch (error) {
      if (error instanceof FilesError && isAppError(error, 'file_not_found')) return [];
      throw error;
    }
    try {
      // Loaded with its file, which a vault has only while packs are on their way out.
      const { retiredFile } = await import('./retired-file.ts');
      const file = retiredFile.parse(JSON.parse(Buffer.from(bytes).toString()));
      const waitsFor = new Map(file.waiting.map(({ headSequence, packIds }) => [headSequence, packIds]));
      return file.packs.map((pack) => ({ ...pack, waitsFor: waitsFor.get(pack.headSequence) ?? [] })) as RetiredPack[];
    } catch (cause) {
      throw new EngineError('vault_state_corrupt', 'the list of packs to be released is damaged', {
        context: { path: this.#path },
        nextStep: `Delete ${this.#path}: the packs in it stay where they are and take some room.`,
        cause,
      });
    }
  }

  async write(packs: readonly RetiredPack[]): Promise<void> {
    if (packs.length === 0) await this.#files.remove(this.#path);
    else {
      const lists = new Map(packs.map(({ headSequence, waitsFor }) => [headSequence, waitsFor]));
      const file = {
        v: 1,
        packs: packs.map(({ packId, ordinal, sizeBytes, reason, headSequence, releasedAtMs }) => ({
          ...{ packId, ordinal, sizeBytes, reason, headSequence, releasedAtMs },
        })),
        waiting: [...lists].map(([headSequence, packIds]) => ({ headSequence, packIds })),
      };
      await this.#files.replace(this.#path, Buffer.from(JSON.stringify(file)));
    }
  }
}
