import { DurabilityError } from './errors.ts';

/** A set of pack ordinals: bit n of byte n >> 3, least significant first. Memory: one bit up to the largest ordinal. */
export class PackBitmap {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  static fromBytes(bytes: Uint8Array): PackBitmap {
    return new PackBitmap(bytes);
  }

  /** Throws `bitmap_too_large` when an ordinal is not below `limit` (default 2^25: 4 MiB of bitmap). */
  static fromOrdinals(ordinals: Iterable<number>, limit = 1 << 25): PackBitmap {
    const list = [...ordinals];
    let largest = -1;
    for (const ordinal of list) largest = Math.max(largest, ordinal);
    if (largest >= limit) throw new DurabilityError('bitmap_too_large', `pack ordinal ${largest} is beyond the limit of ${limit}`);
    const bytes = new Uint8Array((largest >> 3) + 1);
    for (const ordinal of list) bytes[ordinal >> 3]! |= 1 << (ordinal & 7);
    return new PackBitmap(bytes);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  has(ordinal: number): boolean {
    return ((this.#bytes[Math.floor(ordinal / 8)] ?? 0) & (1 << (ordinal & 7))) !== 0;
  }

  *ordinals(): Generator<number> {
    for (let at = 0; at < this.#bytes.length; at += 1) {
      const byte = this.#bytes[at]!;
      if (byte === 0) continue;
      for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) yield at * 8 + bit;
    }
  }

  count(): number {
    let n = 0;
    for (const byte of this.#bytes) for (let rest = byte; rest !== 0; rest &= rest - 1) n += 1;
    return n;
  }

  /** Every ordinal of this set is in `other`. */
  within(other: PackBitmap): boolean {
    return this.#bytes.every((byte, at) => (byte & ~(other.#bytes[at] ?? 0)) === 0);
  }
}
