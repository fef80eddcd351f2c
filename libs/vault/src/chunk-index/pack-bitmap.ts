import { VaultError } from '../errors.ts';

/** Ordinals beyond this are refused, so that one wrong number can't take 512 MiB. */
const maxOrdinal = 8 * 1024 * 1024 - 1;

/** A set of pack ordinals: bit n stands in byte n >> 3, least significant bit first. One bit an ordinal. */
export class PackBitmap {
  #bytes = new Uint8Array(128);
  #count = 0;

  /** Takes a copy. Throws `limit_exceeded` above 1 MiB. */
  static fromBytes(bytes: Uint8Array): PackBitmap {
    if (bytes.length > (maxOrdinal + 1) / 8) throw new VaultError('limit_exceeded', `a pack bitmap of ${bytes.length} bytes is too long`);
    const bitmap = new PackBitmap();
    bitmap.#bytes = bytes.slice();
    for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) bitmap.#count += 1;
    return bitmap;
  }

  get count(): number {
    return this.#count;
  }

  set(ordinal: number): void {
    if (!Number.isInteger(ordinal) || ordinal < 0 || ordinal > maxOrdinal)
      throw new VaultError('limit_exceeded', `pack ordinal ${ordinal} is out of range`);
    const at = ordinal >> 3;
    if (at >= this.#bytes.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    const bit = 1 << (ordinal & 7);
    if ((this.#bytes[at]! & bit) === 0) this.#count += 1;
    this.#bytes[at]! |= bit;
  }

  has(ordinal: number): boolean {
    return ((this.#bytes[ordinal >> 3] ?? 0) & (1 << (ordinal & 7))) !== 0;
  }

  /** Ascending. */
  *ordinals(): Generator<number> {
    for (const [at, byte] of this.#bytes.entries()) {
      for (let bit = 0; byte >> bit !== 0; bit += 1) if (byte & (1 << bit)) yield at * 8 + bit;
    }
  }

  /** Without trailing zero bytes. */
  toBytes(): Uint8Array {
    let length = this.#bytes.length;
    while (length > 0 && this.#bytes[length - 1] === 0) length -= 1;
    return this.#bytes.slice(0, length);
  }
}
