import { limits } from '../limits.ts';
import type { LeafRoom } from '../ports.ts';

/** Leaves of memory kept for the next use: as many as are read from a pack or two ahead of each other. */
const kept = 8;

/** Takes back what it gave out itself and nothing else: a source that has leaves of its own in memory keeps them unharmed. */
export class ReturnedLeaves implements LeafRoom {
  readonly #free: ArrayBuffer[] = [];
  readonly #out = new WeakSet<ArrayBufferLike>();

  take(): Uint8Array {
    const buffer = this.#free.pop() ?? new ArrayBuffer(limits.leafBytes);
    this.#out.add(buffer);
    return new Uint8Array(buffer);
  }

  /** A leaf, or a view from the start of one, of which nobody has another view. */
  giveBack({ buffer }: Uint8Array): void {
    if (this.#out.delete(buffer) && this.#free.length < kept) this.#free.push(buffer as ArrayBuffer);
  }
}
