import { restoreLimits } from './limits.ts';

/**
 * Memory for the sealed bytes of runs, used again and again: fresh memory for each run is cleared by the kernel page by page, and what is given up gathers until the
 * garbage collector runs. Shared with the thread that opens them and not moved to it: V8 takes each arrival for memory that a thread has just asked for, and soon
 * goes through its whole heap for it. And turns, so that there are never more runs than it is meant for.
 */
export class RunMemory {
  readonly #free: SharedArrayBuffer[] = [];
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
    return new Uint8Array(this.#free.pop() ?? new SharedArrayBuffer(restoreLimits.runBytes));
  }

  /** Nobody looks at it any more. Anything that is not of {@link take} is left to the collector. */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer && buffer.byteLength === restoreLimits.runBytes && this.#free.length < restoreLimits.runsAtOnce)
      this.#free.push(buffer);
  }
}
