import { isArrayBuffer } from 'node:util/types';
import { pageAligned } from '#libs/kernel/node';
import { leafBytes } from '../pack-transfer/limits.ts';

/** Leaves of memory kept for the next use: what two transfers have under way. */
const keptLeaves = 16;

/**
 * Memory for leaves, used again. A fresh mebibyte for every leaf costs a quarter of the processor time of a transfer: the
 * kernel clears each page of it. Whoever gives memory back has no view of it left; giving back is never a must. It stands at
 * the start of a page, so that it can be written past the page cache.
 */
export class LeafMemory {
  readonly #free: ArrayBuffer[] = [];

  /** `leafBytes` long, with anything in it. */
  take(): Uint8Array {
    const kept = this.#free.pop();
    return kept ? new Uint8Array(kept) : freshLeaf();
  }

  /** Takes back what {@link take} gave, or a part of it from its start. Anything else is left to the collector. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes;
    if (!isArrayBuffer(buffer) || buffer.byteLength !== leafBytes || this.#free.length >= keptLeaves) return;
    // Given twice it would be handed out twice.
    if (!this.#free.includes(buffer)) this.#free.push(buffer);
  }
}

/** One memory a leaf, so that each is collected by itself when its conversation broke. */
function freshLeaf(): Uint8Array {
  try {
    return pageAligned(leafBytes);
  } catch (error) {
    // Where a process may have few addresses (ulimit -v): written the usual way then.
    if (!(error instanceof RangeError)) throw error;
    return new Uint8Array(leafBytes);
  }
}
