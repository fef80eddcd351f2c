import { idBytes } from '#libs/vault/sealing';

/** Chunks of which most batches have fewer; more is taken when needed. */
const usualChunks = 256;

/** Chunks one after the other in a buffer, by column: where each stands and its id. Used again and again, so that a small file leaves next to no garbage. */
export class ChunkRun {
  #ids = new Uint8Array(usualChunks * idBytes);
  #places = new Uint32Array(usualChunks * 2);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The chunk stands in [start, end) of the buffer. */
  push(id: Uint8Array, start: number, end: number): void {
    const at = this.#count;
    if (at * 2 === this.#places.length) this.#grow();
    this.#ids.set(id, at * idBytes);
    this.#places[at * 2] = start;
    this.#places[at * 2 + 1] = end;
    this.#count += 1;
  }

  /** Ids of the chunks from number `from` on, `count` of them: a view until more are pushed. */
  ids(from = 0, count = this.#count - from): Uint8Array {
    return this.#ids.subarray(from * idBytes, (from + count) * idBytes);
  }

  bytesOf(chunk: number): number {
    return this.#places[chunk * 2 + 1]! - this.#places[chunk * 2]!;
  }

  /** Where in its buffer the chunk ends. */
  endOf(chunk: number): number {
    return this.#places[chunk * 2 + 1]!;
  }

  plaintext(buffer: Uint8Array, chunk: number): Uint8Array {
    return buffer.subarray(this.#places[chunk * 2], this.#places[chunk * 2 + 1]);
  }

  clear(): void {
    this.#count = 0;
  }

  #grow(): void {
    const ids = new Uint8Array(this.#ids.length * 2);
    ids.set(this.#ids);
    this.#ids = ids;
    const places = new Uint32Array(this.#places.length * 2);
    places.set(this.#places);
    this.#places = places;
  }
}
