import { type RandomSource, randomInt } from '#libs/kernel';

/**
 * Delays between tries: doubling up to a limit, each drawn from its upper half, so that many agents that lost the
 * coordinator at once don't come back at once.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: RandomSource;
  #tries = 0;

  constructor(firstMs: number, maxMs: number, random: RandomSource) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  nextMs(): number {
    const boundMs = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#tries, 30));
    this.#tries += 1;
    return Math.ceil(boundMs / 2) + randomInt(this.#random, Math.floor(boundMs / 2) + 1);
  }

  reset(): void {
    this.#tries = 0;
  }
}
