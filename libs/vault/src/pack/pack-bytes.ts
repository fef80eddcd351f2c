import { limits } from '../limits.ts';

/** Where the bytes of one open pack stand, from its header on. */
export interface PackBytes {
  /** Bytes so far. */
  readonly length: number;
  /** Memory for the next `count` bytes in one piece, to be filled at once and handed over by {@link added} before anything else is asked for. */
  room(count: number): Uint8Array;
  /** The last {@link room} is filled. Something to wait for where it can't be put in its place at once. */
  added(): Promise<void> | undefined;
}

/** A pack that is filled in memory: one buffer, which doubles as it grows and is the pack in the end. */
export class MemoryBytes implements PackBytes {
  #buffer: Uint8Array;
  #end: number;
  #room = 0;

  /** `initialBytes`: what is taken at once, where it is known that the pack will fill. */
  constructor(header: Uint8Array, initialBytes = 64 * 1024) {
    this.#buffer = new Uint8Array(initialBytes);
    this.#buffer.set(header);
    this.#end = header.length;
  }

  get length(): number {
    return this.#end;
  }

  room(count: number): Uint8Array {
    const needed = this.#end + count;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(this.#buffer.length * 2, limits.packBytes)));
      grown.set(this.#buffer.subarray(0, this.#end));
      this.#buffer = grown;
    }
    this.#room = count;
    return this.#buffer.subarray(this.#end, needed);
  }

  added(): undefined {
    this.#end += this.#room;
    this.#room = 0;
  }

  /** A view, until more is added. */
  at(offset: number, length: number): Uint8Array {
    return this.#buffer.subarray(offset, offset + length);
  }

  /** All of it. Nothing can be added afterwards. */
  take(): Uint8Array {
    const buffer = this.#buffer;
    this.#buffer = new Uint8Array(0);
    // A small pack must not keep a buffer of twice its size alive.
    return buffer.length > this.#end * 1.25 ? buffer.slice(0, this.#end) : buffer.subarray(0, this.#end);
  }
}
