import { limits } from '../limits.ts';

const { leafBytes } = limits;

/**
 * Leaves beside those that open packs are filling: how far writing may be behind. One is enough to go on; more bridge a slow moment of the disk, and leave room in one
 * piece for a chunk: on a busy disk three chunks in ten had none with six, four in ten with four.
 */
const leavesUnderWay = 6;

/** Chunks up to this cross the border of a leaf so seldom that it does not matter when they are copied there. */
const smallBytes = leafBytes / 8;

/**
 * Memory of one writer of spooled packs, taken once and used again and again: leaves that are filled or on their way to the disk, and a scratch piece for what
 * has no room in one piece. The leaves lie one behind the other, so that a chunk goes straight across their borders where the next one is free, as it mostly is. Memory:
 * {@link leavesUnderWay} leaves and one an open pack, of small chunks only so many as are in use at the same time; the largest sealed chunk once none was free.
 */
export class LeafPool {
  readonly #newMemory: (bytes: number) => Uint8Array;
  #memory: Uint8Array | undefined;
  readonly #free: boolean[];
  readonly #waiting: ((leaf: Uint8Array) => void)[] = [];
  #scratch = new Uint8Array(0);

  /** `openPacks`: how many hold a leaf at the same time. */
  constructor(openPacks: number, newMemory: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes)) {
    this.#newMemory = newMemory;
    this.#free = Array.from({ length: openPacks + leavesUnderWay }, () => true);
  }

  /**
   * A leaf's worth of memory, with as many free ones behind it as there are; or undefined while all of it is under way. `chunkBytes`: what comes first. Small ones
   * get the first that is free: memory that was in use before, where the system has given it already.
   */
  take(chunkBytes: number): Uint8Array | undefined {
    let best = this.#free.indexOf(true);
    if (chunkBytes > smallBytes)
      for (let i = best + 1; i < this.#free.length; i += 1) if (this.#freeFrom(i) > this.#freeFrom(best)) best = i;
    return best < 0 ? undefined : this.#taken(best);
  }

  /** The next `count` leaves behind this one, or undefined where not all of them are free, or for a chunk that is small: one after the other they would use all memory. */
  takeBehind(leaf: Uint8Array, count: number, chunkBytes: number): Uint8Array[] | undefined {
    const first = this.#numberOf(leaf) + 1;
    if (this.#freeFrom(first) < count || (count > 0 && chunkBytes <= smallBytes)) return undefined;
    return Array.from({ length: count }, (_, i) => this.#taken(first + i));
  }

  /** Bytes from `from` on in a leaf and in those behind it. */
  across(leaf: Uint8Array, from: number, bytes: number): Uint8Array {
    const start = this.#numberOf(leaf) * leafBytes + from;
    return this.#all().subarray(start, start + bytes);
  }

  /** The next one that comes back. */
  next(): Promise<Uint8Array> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(leaf: Uint8Array): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(leaf);
    else this.#free[this.#numberOf(leaf)] = true;
  }

  /** The same memory every time. */
  scratch(bytes: number): Uint8Array {
    if (this.#scratch.length < bytes) this.#scratch = new Uint8Array(bytes);
    return this.#scratch.subarray(0, bytes);
  }

  #freeFrom(first: number): number {
    let end = first;
    while (this.#free[end]) end += 1;
    return end - first;
  }

  #taken(number: number): Uint8Array {
    this.#free[number] = false;
    return this.#all().subarray(number * leafBytes, (number + 1) * leafBytes);
  }

  #numberOf(leaf: Uint8Array): number {
    return (leaf.byteOffset - this.#all().byteOffset) / leafBytes;
  }

  #all(): Uint8Array {
    return (this.#memory ??= this.#newMemory(this.#free.length * leafBytes));
  }
}
