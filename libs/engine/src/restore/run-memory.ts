import { restoreLimits } from './limits.ts';

/**
 * Memory for the sealed bytes of runs, which goes to the thread that opens them and comes back with its answer: fresh memory for each run is cleared
 * by the kernel page by page, and what is given up gathers until the garbage collector runs. And turns, so that there are never more runs than it is meant for.
 */
export class RunMemory {
  readonly #free: ArrayBuffer[] = [];
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  /** Waits until one more run may be fetched, first come first served. To be called when it is done with: the returned function, once. */
  async turn(): Promise<() => void> {
    if (this.#underWay < restoreLimits.runsAtOnce) this.#underWay += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#underWay -= 1;
    };
  }

  /** At least `length` bytes; undefined for a run that is longer than runs are. */
  take(length: number): Uint8Array | undefined {
    if (length > restoreLimits.runBytes) return undefined;
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(restoreLimits.runBytes));
  }

  /** Anything that is not of {@link take} is left to the collector. */
  giveBack(buffer: ArrayBufferLike): void {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === restoreLimits.runBytes && this.#free.length < restoreLimits.runsAtOnce)
      this.#free.push(buffer);
  }
}
