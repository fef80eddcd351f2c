import { idBytes } from '#libs/vault/sealing';

const firstIds = 2_048;

/** Chunk ids one after the other in one array that doubles. Memory: 32 bytes an id, twice that at most. */
export class IdList {
  #bytes = new Uint8Array(firstIds * idBytes);
  #end = 0;

  /** One id or several, 32 bytes each. */
  add(ids: Uint8Array): void {
    while (this.#end + ids.length > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(ids, this.#end);
    this.#end += ids.length;
  }

  /** A view, until more are added. */
  get ids(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }
}
