/**
 * Stores packs while the next ones are being filled: `add` waits only when `parallel` are under way.
 * The first failure is thrown by the next `add` or by `drain`; nothing new is started after it.
 */
export class PackSink<T> {
  readonly #store: (pack: T) => Promise<void>;
  readonly #parallel: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** Memory: `parallel` packs. */
  constructor(store: (pack: T) => Promise<void>, parallel: number) {
    this.#store = store;
    this.#parallel = parallel;
  }

  async add(pack: T): Promise<void> {
    while (this.#running.size >= this.#parallel) await Promise.race(this.#running);
    this.#rethrow();
    const task: Promise<void> = this.#store(pack)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  /** Everything that was added is stored, or the first failure is thrown. */
  async drain(): Promise<void> {
    await this.settle();
    this.#rethrow();
  }

  /** Waits for what is under way, whatever came of it. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
  }

  #rethrow(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
