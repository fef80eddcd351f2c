import { limits } from '../limits.ts';

/** Leaves beside those that open packs are filling: how far writing may be behind. One is enough to go on; more bridge a slow moment of the disk. */
const leavesUnderWay = 4;

/**
 * Memory of one writer of spooled packs, taken once and used again and again: leaves that are filled or on their way to the disk, and a scratch piece for what
 * does not fit into the leaf at hand. Memory: {@link leavesUnderWay} leaves and one an open pack, and the largest sealed chunk.
 */
export class LeafPool {
  readonly #newMemory: (bytes: number) => Uint8Array;
  readonly #count: number;
  #free: Uint8Array[] | undefined;
  readonly #waiting: ((leaf: Uint8Array) => void)[] = [];
  #scratch = new Uint8Array(0);

  /** `openPacks`: how many hold a leaf at the same time. */
  constructor(openPacks: number, newMemory: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes)) {
    this.#count = openPacks + leavesUnderWay;
    this.#newMemory = newMemory;
  }

  /** A leaf's worth of memory, or undefined while all of it is under way. */
  take(): Uint8Array | undefined {
    return this.#leaves().pop();
  }

  /** The next one that comes back. */
  next(): Promise<Uint8Array> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(leaf: Uint8Array): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(leaf);
    else this.#leaves().push(leaf);
  }

  /** The same memory every time. */
  scratch(bytes: number): Uint8Array {
    if (this.#scratch.length < bytes) this.#scratch = new Uint8Array(bytes);
    return this.#scratch.subarray(0, bytes);
  }

  #leaves(): Uint8Array[] {
    if (!this.#free) {
      const all = this.#newMemory(this.#count * limits.leafBytes);
      this.#free = Array.from({ length: this.#count }, (_, i) => all.subarray(i * limits.leafBytes, (i + 1) * limits.leafBytes));
    }
    return this.#free;
  }
}
