import { leafBytes } from '../pack-transfer/limits.ts';

/** Leaves of memory kept for the next use: what two transfers have under way. */
const keptLeaves = 16;

/**
 * Memory for leaves, used again. A fresh mebibyte for every leaf costs a quarter of the processor time of a transfer: the
 * kernel clears each page of it. Whoever gives memory back has no view of it left; giving back is never a must.
 */
export class LeafMemory {
  readonly #free: ArrayBuffer[] = [];

  /** `leafBytes` long, with anything in it. */
  take(): Uint8Array {
    const kept = this.#free.pop();
    if (kept) return new Uint8Array(kept);
    const fresh = Buffer.allocUnsafeSlow(leafBytes);
    return new Uint8Array(fresh.buffer, fresh.byteOffset, leafBytes);
  }

  /** Takes back what {@link take} gave, or a part of it from its start. Anything else is left to the collector. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes;
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== leafBytes || this.#free.length >= keptLeaves) return;
    // Given twice it would be handed out twice.
    if (!this.#free.includes(buffer)) this.#free.push(buffer);
  }
}
