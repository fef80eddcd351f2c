import { isAppError, messageOf, toHex } from '#libs/kernel';
import { ChunkIndex, decodeTree, idsIn, type Snapshot, type TreeEntry, type VaultReader } from '#libs/vault';
import { EngineError, throwIfInterrupted } from '../errors.ts';

/** Whether a chunk was given up. */
type IsLost = (id: Uint8Array) => boolean;

/** What marking reads through. */
export type MarkReader = Pick<VaultReader, 'readChunk' | 'locate'>;

/**
 * All chunks that snapshots need: data, trees and chunk lists. A tree that stands in many snapshots is read once. Memory: some
 * 58 bytes a chunk.
 */
export class UsedChunks {
  readonly #chunks = new ChunkIndex();
  readonly #signal: AbortSignal | undefined;
  readonly #onTree: (() => void) | undefined;
  /** Needed, but in no pack that the index knows: lost already, which is for `check` to say. */
  missing = 0;

  constructor(options: { readonly signal?: AbortSignal | undefined; readonly onTree?: () => void } = {}) {
    this.#signal = options.signal;
    this.#onTree = options.onTree;
  }

  get size(): number {
    return this.#chunks.size;
  }

  has(id: Uint8Array): boolean {
    return this.#chunks.has(id);
  }

  /** Ids only; where they are is the vault's index to say. */
  *ids(): Generator<Uint8Array> {
    for (const { id } of this.#chunks.entries()) yield id;
  }

  /**
   * Throws `prune_impossible` when a tree can't be read: what lies below it would count as unneeded. In a snapshot that a repair marked, what the
   * index does not know is given up.
   */
  async addSnapshot(reader: MarkReader, snapshot: Snapshot): Promise<void> {
    const trees: Uint8Array[] = [];
    const isLost = (id: Uint8Array): boolean => snapshot.lost !== undefined && !reader.locate(id);
    for (const { entry } of snapshot.roots) await this.#addEntry(reader, entry, trees, isLost);
    for (let tree = trees.pop(); tree; tree = trees.pop()) {
      throwIfInterrupted(this.#signal);
      this.#onTree?.();
      for await (const entry of this.#entriesOf(reader, tree, snapshot.sequence, isLost))
        await this.#addEntry(reader, entry, trees, isLost);
    }
  }

  async *#entriesOf(reader: MarkReader, treeId: Uint8Array, sequence: number, isLost: IsLost): AsyncGenerator<TreeEntry> {
    if (isLost(treeId)) return;
    try {
      const tree = decodeTree(await reader.readChunk('tree', treeId));
      if ('entries' in tree) return yield* tree.entries;
      for (const { id } of tree.parts) {
        this.#add(reader, id);
        if (isLost(id)) continue;
        const part = decodeTree(await reader.readChunk('tree', id));
        if ('entries' in part) yield* part.entries;
      }
    } catch (cause) {
      if (!isAppError(cause) || cause instanceof EngineError) throw cause;
      throw unreadable(
        `a folder of snapshot ${sequence} can't be read (tree ${toHex(treeId.subarray(0, 8))}…): ${messageOf(cause)}`,
        cause,
      );
    }
  }

  async #addEntry(reader: MarkReader, { tree, content }: TreeEntry, trees: Uint8Array[], isLost: IsLost): Promise<void> {
    if (tree && this.#add(reader, tree)) trees.push(tree);
    if (!content) return;
    if ('ids' in content) for (const id of idsIn(content.ids)) this.#add(reader, id);
    else await this.#addList(reader, content.chunkList, content.depth, isLost);
  }

  async #addList(reader: MarkReader, listId: Uint8Array, depth: number, isLost: IsLost): Promise<void> {
    if (!this.#add(reader, listId) || isLost(listId)) return;
    let list: Uint8Array;
    try {
      list = await reader.readChunk('chunkList', listId);
    } catch (cause) {
      if (!isAppError(cause)) throw cause;
      throw unreadable(`the list of a large file's chunks can't be read: ${messageOf(cause)}`, cause);
    }
    for (const id of idsIn(list)) {
      if (depth > 1) await this.#addList(reader, id, depth - 1, isLost);
      else this.#add(reader, id);
    }
  }

  /** False when it was marked already. */
  #add(reader: MarkReader, id: Uint8Array): boolean {
    if (!this.#chunks.insert(id, 0, 0, 0, 0)) return false;
    if (!reader.locate(id)) this.missing += 1;
    return true;
  }
}

function unreadable(message: string, cause: unknown): EngineError {
  return new EngineError('prune_impossible', message, {
    cause,
    nextStep: 'Run "holdfast check": it fetches damaged packs from their holders. Then prune again; nothing was removed.',
  });
}
