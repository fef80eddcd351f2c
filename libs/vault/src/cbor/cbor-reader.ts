const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Makes the error that the caller of a decoder sees; {@link CborReader} throws nothing else. */
export type Fail = (what: string) => Error;

/**
 * Reads canonical dag-cbor by pulling. Accepts one encoding only: shortest lengths, map keys in canonical order and
 * unique, no tags, no floats, no indefinite lengths, so what it accepts encodes to the same bytes again.
 * Never allocates for a length that the input can't hold.
 */
export class CborReader {
  readonly #bytes: Uint8Array;
  readonly #fail: Fail;
  #at = 0;
  /** Upper half of the last head's 64-bit argument. */
  #high = 0;

  constructor(bytes: Uint8Array, fail: Fail) {
    this.#bytes = bytes;
    this.#fail = fail;
  }

  get offset(): number {
    return this.#at;
  }

  fail(what: string): Error {
    return this.#fail(`${what} at byte ${this.#at}`);
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.fail('bytes after the end');
  }

  /** An integer within JavaScript's safe range and `min`…`max`. */
  int(min: number, max: number): number {
    const major = this.#head(0x20);
    if (this.#high > 0x1f_ffff) throw this.fail('integer out of range');
    const argument = this.#high * 0x1_0000_0000 + this.#low;
    const value = major === 0 ? argument : -1 - argument;
    if (value < min || value > max) throw this.fail('integer out of range');
    return value;
  }

  /** A signed 64-bit integer. */
  int64(): bigint {
    const value = this.#wide();
    if (value > 0x7fff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n) throw this.fail('integer out of range');
    return value;
  }

  /** An unsigned 64-bit integer. */
  uint64(): bigint {
    const value = this.#wide();
    if (value < 0n) throw this.fail('integer out of range');
    return value;
  }

  /** A copy, so that a small value never keeps a large buffer alive. */
  bytes(maxLength: number, exactLength?: number): Uint8Array {
    const length = this.#length(0x40, maxLength);
    if (exactLength !== undefined && length !== exactLength) throw this.fail(`expected ${exactLength} bytes`);
    const value = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  text(maxBytes: number): string {
    const length = this.#length(0x60, maxBytes);
    const from = this.#at;
    this.#at += length;
    if (length < 24) {
      let value = '';
      let i = 0;
      for (; i < length; i += 1) {
        const code = this.#bytes[from + i]!;
        if (code > 0x7f) break;
        value += String.fromCharCode(code);
      }
      if (i === length) return value;
    }
    try {
      return decoder.decode(this.#bytes.subarray(from, this.#at));
    } catch {
      throw this.fail('text is not UTF-8');
    }
  }

  array(maxLength: number): number {
    // Each item takes at least one byte.
    return this.#length(0x80, maxLength);
  }

  /** Number of keys; read each with {@link CborReader.key}. */
  map(maxSize: number): number {
    return this.#length(0xa0, maxSize);
  }

  /** The next key of a map, which must come after `previous` ('' for the first) in canonical order. ASCII only. */
  key(previous: string): string {
    const key = this.text(64);
    const ordered = previous === '' ? key !== '' : key.length > previous.length || (key.length === previous.length && key > previous);
    if (!ordered) throw this.fail('map keys out of order');
    return key;
  }

  bool(): boolean {
    const byte = this.#byte();
    if (byte !== 0xf4 && byte !== 0xf5) throw this.fail('expected true or false');
    return byte === 0xf5;
  }

  /** True, and skips it, when the next value is null. */
  null(): boolean {
    if (this.#bytes[this.#at] !== 0xf6) return false;
    this.#at += 1;
    return true;
  }

  #low = 0;

  #wide(): bigint {
    const major = this.#head(0x20);
    const argument = (BigInt(this.#high) << 32n) | BigInt(this.#low);
    return major === 0 ? argument : -1n - argument;
  }

  #length(major: number, max: number): number {
    if (this.#head(0) !== major) throw this.fail('unexpected type of value');
    if (this.#high !== 0 || this.#low > max) throw this.fail('length over the limit');
    if (this.#low > this.#bytes.length - this.#at) throw this.fail('length beyond the end');
    return this.#low;
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw this.fail('unexpected end');
    return this.#bytes[this.#at++]!;
  }

  /** Reads a head into #high and #low; returns its major type. With `integers`, only major types 0 and 1 pass. */
  #head(integers: number): number {
    const first = this.#byte();
    const major = first & 0xe0;
    if (major > integers && integers !== 0) throw this.fail('expected an integer');
    const info = first & 0x1f;
    this.#high = 0;
    if (info < 24) this.#low = info;
    else if (info === 24) {
      this.#low = this.#byte();
      if (this.#low < 24) throw this.fail('number not in shortest form');
    } else if (info === 25) {
      this.#low = (this.#byte() << 8) | this.#byte();
      if (this.#low < 0x100) throw this.fail('number not in shortest form');
    } else if (info === 26) {
      this.#low = this.#u32();
      if (this.#low < 0x1_0000) throw this.fail('number not in shortest form');
    } else if (info === 27) {
      this.#high = this.#u32();
      this.#low = this.#u32();
      if (this.#high === 0) throw this.fail('number not in shortest form');
    } else throw this.fail('unsupported form of value');
    return major;
  }

  #u32(): number {
    return ((this.#byte() << 24) | (this.#byte() << 16) | (this.#byte() << 8) | this.#byte()) >>> 0;
  }
}
