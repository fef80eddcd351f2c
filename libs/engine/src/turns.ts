/** Gives everybody else on this thread a turn now and then: heartbeats and transfers go on while a backup works. */
export class Turns {
  readonly #turnMs: number;
  #start = performance.now();

  constructor(turnMs = 10) {
    this.#turnMs = turnMs;
  }

  /** For loops that are too quick to wait for a {@link maybeYield} that does nothing. */
  get isOver(): boolean {
    return performance.now() - this.#start >= this.#turnMs;
  }

  /** Returns at once unless this turn has taken long enough. */
  async maybeYield(): Promise<void> {
    if (!this.isOver) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#start = performance.now();
  }
}
