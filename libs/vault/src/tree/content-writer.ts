import { VaultError } from '../errors.ts';
import { idBytes, limits } from '../limits.ts';
import type { FileContent } from './tree-entry.ts';
import type { StoreChunk } from './tree-writer.ts';

/**
 * Collects the ids of a file's chunks in order: inline up to 1,000, beyond that in chunk-list chunks of 32,768 ids,
 * whose ids are collected the same way. Memory: at most 1 MiB a level.
 */
export class ContentWriter {
  readonly #store: StoreChunk;
  readonly #depth: number;
  #ids = new Uint8Array(8 * idBytes);
  #length = 0;
  #above: ContentWriter | undefined;

  constructor(store: StoreChunk, depth = 0) {
    if (depth > limits.chunkListDepth) throw new VaultError('limit_exceeded', 'the file has more chunks than the format allows');
    this.#store = store;
    this.#depth = depth;
  }

  async add(chunkId: Uint8Array): Promise<void> {
    if (this.#length === limits.idsPerChunkList * idBytes) await this.#endList();
    if (this.#length === this.#ids.length) {
      const grown = new Uint8Array(Math.min(this.#ids.length * 4, limits.idsPerChunkList * idBytes));
      grown.set(this.#ids);
      this.#ids = grown;
    }
    this.#ids.set(chunkId, this.#length);
    this.#length += idBytes;
  }

  /** What goes into the tree entry; undefined when the file has no chunk. */
  async finish(): Promise<FileContent | undefined> {
    if (!this.#above) {
      if (this.#length === 0) return undefined;
      if (this.#depth === 0 && this.#length <= limits.inlineIds * idBytes) return { ids: this.#ids.slice(0, this.#length) };
      // A list of one id is that id's own content.
      if (this.#depth > 0 && this.#length === idBytes) return { chunkList: this.#ids.slice(0, idBytes), depth: this.#depth };
    }
    await this.#endList();
    return this.#above!.finish();
  }

  async #endList(): Promise<void> {
    this.#above ??= new ContentWriter(this.#store, this.#depth + 1);
    const list = this.#ids.slice(0, this.#length);
    this.#length = 0;
    await this.#above.add(await this.#store('chunkList', list));
  }
}
