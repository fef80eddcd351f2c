/**
 * Work that is asked for by hints: many hints while it runs lead to one more run, never to two at once. Failures go to
 * `onFailure`; the next hint tries again.
 */
export class Coalesced {
  readonly #work: () => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(work: () => Promise<void>, onFailure: (error: unknown) => void) {
    this.#work = work;
    this.#onFailure = onFailure;
  }

  /** Resolves when a run that began after the call has ended. Never throws. */
  ask(): Promise<void> {
    if (this.#running) this.#again = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #loop(): Promise<void> {
    do {
      this.#again = false;
      await this.#work().catch(this.#onFailure);
    } while (this.#again);
  }
}
