const encoder = new TextEncoder();

/**
 * Writes canonical dag-cbor (RFC 8949 section 4.2.1 with dag-cbor's length-first key order, no tags, no floats): the
 * caller writes map keys in canonical order. One buffer that grows; {@link CborWriter.reset} keeps it for the next value.
 */
export class CborWriter {
  #buffer: Uint8Array;
  #length = 0;

  constructor(initialBytes = 256) {
    this.#buffer = new Uint8Array(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** Unsigned or negative integer: a safe integer, or a bigint within 64 bits (either sign). */
  int(value: number | bigint): void {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`);
      if (value >= 0) this.#head(0, value);
      else this.#head(0x20, -1 - value);
    } else if (value >= 0n) this.#bigHead(0, value);
    else this.#bigHead(0x20, -1n - value);
  }

  bytes(value: Uint8Array): void {
    this.#head(0x40, value.length);
    this.raw(value);
  }

  text(value: string): void {
    const { length } = value;
    if (length < 24) {
      // Short and plain, as nearly all keys and names are: no encoder call.
      this.#reserve(length + 1);
      let at = this.#length + 1;
      let i = 0;
      for (; i < length; i += 1) {
        const code = value.charCodeAt(i);
        if (code > 0x7f) break;
        this.#buffer[at++] = code;
      }
      if (i === length) {
        this.#buffer[this.#length] = 0x60 | length;
        this.#length = at;
        return;
      }
    }
    const encoded = encoder.encode(value);
    this.#head(0x60, encoded.length);
    this.raw(encoded);
  }

  array(length: number): void {
    this.#head(0x80, length);
  }

  map(size: number): void {
    this.#head(0xa0, size);
  }

  bool(value: boolean): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value ? 0xf5 : 0xf4;
  }

  null(): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = 0xf6;
  }

  /** Bytes that are already encoded. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }

  #head(major: number, value: number): void {
    this.#reserve(9);
    const b = this.#buffer;
    if (value < 24) b[this.#length++] = major | value;
    else if (value < 0x100) {
      b[this.#length++] = major | 24;
      b[this.#length++] = value;
    } else if (value < 0x1_0000) {
      b[this.#length++] = major | 25;
      b[this.#length++] = value >>> 8;
      b[this.#length++] = value & 0xff;
    } else if (value < 0x1_0000_0000) {
      b[this.#length++] = major | 26;
      this.#u32(value);
    } else {
      b[this.#length++] = major | 27;
      this.#u32(Math.floor(value / 0x1_0000_0000));
      this.#u32(value >>> 0);
    }
  }

  #bigHead(major: number, value: bigint): void {
    if (value > 0xffff_ffff_ffff_ffffn) throw new RangeError('integer beyond 64 bits');
    if (value <= 0xffff_ffffn) return this.#head(major, Number(value));
    this.#reserve(9);
    this.#buffer[this.#length++] = major | 27;
    this.#u32(Number(value >> 32n));
    this.#u32(Number(value & 0xffff_ffffn));
  }

  #u32(value: number): void {
    const b = this.#buffer;
    b[this.#length++] = (value >>> 24) & 0xff;
    b[this.#length++] = (value >>> 16) & 0xff;
    b[this.#length++] = (value >>> 8) & 0xff;
    b[this.#length++] = value & 0xff;
  }
}
