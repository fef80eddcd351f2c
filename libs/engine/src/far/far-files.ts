import type { OutcomeTaker } from '../backup/file-batches.ts';
import type { FileOutcome } from '../backup/sealer.ts';
import { farLimits } from './far-limits.ts';
import type { FarReader } from './far-reader.ts';

/** Reads and seals one file of a far mount. Only what ends the run makes it throw. */
export type SealFarFile = (path: Buffer, far: FarReader) => Promise<FileOutcome>;

/** Files of far mounts on their way, one after the other. Memory: {@link farLimits.filesAhead} paths. */
export class FarFiles {
  readonly #seal: SealFarFile;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(seal: SealFarFile) {
    this.#seal = seal;
  }

  /** `taker` hears of it once, never during this call. Call {@link room} before. */
  submit(path: Buffer, far: FarReader, taker: OutcomeTaker): void {
    this.#waiting += 1;
    this.#turn = this.#turn.then(async () => {
      try {
        if (this.#failure) throw this.#failure.error;
        taker.sealed(await this.#seal(path, far));
      } catch (error) {
        this.#failure ??= { error };
        taker.failed(error);
      } finally {
        this.#waiting -= 1;
      }
    });
  }

  /** Waits until there is room for more. Throws what ended the run. */
  async room(): Promise<void> {
    if (this.#waiting >= farLimits.filesAhead) await this.#turn;
    if (this.#failure) throw this.#failure.error;
  }

  /** Everything submitted is done, well or not. */
  async settle(): Promise<void> {
    await this.#turn;
  }
}
