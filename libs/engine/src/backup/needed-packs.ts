import { isAppError } from '#libs/kernel';
import { EngineError } from '../errors.ts';
import { type ChunkIndex, type FileContent, idBytes, idsIn, PackBitmap, type StoredEntries, type VaultReader } from '#libs/vault';
import { IdList } from './id-list.ts';

/**
 * Which packs the snapshot in the making needs, gathered on the way: a walk through all its trees afterwards would cost as much as the
 * whole second backup. Memory: one bit a pack, and the ids of chunks whose pack is not stored yet.
 */
export class NeededPacks {
  readonly #index: ChunkIndex;
  readonly #reader: VaultReader;
  readonly #needed = new PackBitmap();
  readonly #waiting = new IdList();

  constructor(index: ChunkIndex, reader: VaultReader) {
    this.#index = index;
    this.#reader = reader;
  }

  /** A chunk that is in the vault or on its way there. */
  add(id: Uint8Array): void {
    if (!this.addKnown(id)) this.#waiting.add(id);
  }

  /** False when no stored pack has it. */
  addKnown(id: Uint8Array): boolean {
    const location = this.#index.lookup(id);
    if (location) this.#needed.set(location.ordinal);
    return location !== undefined;
  }

  /** The same for all ids that lie there, one after the other. */
  addKnownIn({ bytes, from, until }: StoredEntries['ids']): boolean {
    for (let at = from; at < until; at += idBytes) {
      const ordinal = this.#index.ordinalOf(bytes, at);
      if (ordinal < 0) return false;
      this.#needed.set(ordinal);
    }
    return true;
  }

  /** All chunks of a file's content, lists included. False when one of them is lost, or can't be read here: then the file must be read again. */
  async addContent(content: FileContent | undefined): Promise<boolean> {
    if (!content) return true;
    if ('chunkList' in content) return this.#addList(content.chunkList, content.depth);
    for (const id of idsIn(content.ids)) if (!this.addKnown(id)) return false;
    return true;
  }

  /** After all packs are stored. Throws `vault_changed` when a chunk is in none of them: such a snapshot could not be restored. */
  finish(): PackBitmap {
    for (const id of idsIn(this.#waiting.ids)) {
      if (this.addKnown(id)) continue;
      throw new EngineError('vault_changed', 'a chunk that this snapshot needs is in no pack any more', {
        status: 'temporary',
        nextStep: 'Run it again: what is missing is read and stored again.',
      });
    }
    return this.#needed;
  }

  async #addList(listId: Uint8Array, depth: number): Promise<boolean> {
    if (!this.addKnown(listId)) return false;
    let list: Uint8Array;
    try {
      list = await this.#reader.readChunk('chunkList', listId);
    } catch (error) {
      // Damaged on this disk: no reason to make no snapshot at all. `check` says it, holders have it.
      if (!isAppError(error)) throw error;
      return false;
    }
    for (const id of idsIn(list)) if (!(depth > 1 ? await this.#addList(id, depth - 1) : this.addKnown(id))) return false;
    return true;
  }
}
