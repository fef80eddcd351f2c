const firstBytes = 64 * 1024;

/**
 * Memory that one chunk after the other is opened into: new memory for each is cleared by the kernel page by page, and gathers until the garbage
 * collector runs. What it gives is valid until it is asked again. Grows to the largest chunk, which the format bounds.
 */
export class OpenRoom {
  #stored = new Uint8Array(0);
  #plain = new Uint8Array(0);

  /** For what a seal holds, at least that many bytes. */
  stored(length: number): Uint8Array {
    if (this.#stored.length < length) this.#stored = grown(length);
    return this.#stored;
  }

  /** For plaintext, at least that many bytes. */
  plain(length: number): Uint8Array {
    if (this.#plain.length < length) this.#plain = grown(length);
    return this.#plain;
  }
}

function grown(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.max(firstBytes, 2 ** Math.ceil(Math.log2(length))));
}
