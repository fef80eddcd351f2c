import { compareBytes, equalBytes, toHex } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import type { ReadOptions } from '../ports.ts';
import { decodeTree, type TreeChunk } from '../tree/tree-codec.ts';
import { StoredEntries } from '../tree/stored-entries.ts';
import type { TreeEntry } from '../tree/tree-entry.ts';
import type { ChunkReader } from './chunk-reader.ts';
import { LeastRecent } from './least-recent.ts';

/** Decoded tree chunks that are kept, so that going down a path or paging a folder does not decode it again. */
const treesKept = 16;

export interface ReadTreeOptions extends ReadOptions {
  /**
   * Hears of each part of the directory (or of all of it) that is in no pack that the index knows; what is there comes all the same. Without it
   * that is an error, as is in any case what can't be read now.
   */
  readonly onLostPart?: ((error: VaultError) => void) | undefined;
}

/** Part of a directory, or all of it. */
export interface StoredPart {
  readonly entries: StoredEntries;
  /** It is in one chunk. */
  readonly isWhole: boolean;
}

/** Reads directories, whole or split. */
export class TreeReader {
  readonly #chunks: ChunkReader;
  readonly #kept = new LeastRecent<string, TreeChunk>(treesKept);

  constructor(chunks: ChunkReader) {
    this.#chunks = chunks;
  }

  /** Entries in ascending order of name bytes. Memory: one part of the directory. */
  async *entries(treeId: Uint8Array, options: ReadTreeOptions = {}): AsyncGenerator<TreeEntry> {
    const tree = await this.#known(options, () => this.#read(treeId, options));
    if (!tree) return;
    if ('entries' in tree) return yield* tree.entries;
    let last: Uint8Array | undefined;
    for (const { firstName, id } of tree.parts) {
      const entries = await this.#known(options, () => this.#part(firstName, id, options));
      if (!entries) continue;
      if (last && compareBytes(last, firstName) >= 0) throw corrupt('parts of a directory overlap', id);
      last = entries.at(-1)!.name;
      yield* entries;
    }
  }

  /** The same as they are stored, part by part. */
  async *stored(treeId: Uint8Array, options: ReadOptions = {}): AsyncGenerator<StoredPart> {
    const plaintext = await this.#chunks.read('tree', treeId, options);
    const whole = StoredEntries.of(plaintext);
    if (whole) return yield { entries: whole, isWhole: true };
    const tree = decodeTree(plaintext);
    if ('entries' in tree) throw corrupt('a directory is not as it is written', treeId);
    for (const [i, { firstName, id }] of tree.parts.entries()) {
      const part = StoredEntries.of(await this.#chunks.read('tree', id, options));
      if (!part || part.count === 0) throw corrupt('a part of a directory has no entries', id);
      if (part.compareName(firstName) !== 0) throw corrupt('a part of a directory is not the one that was meant', id);
      yield { entries: part, isWhole: false };
      const next = tree.parts[i + 1];
      while (part.isAtEntry) part.next();
      if (next && part.compareName(next.firstName) >= 0) throw corrupt('parts of a directory overlap', id);
    }
  }

  /** The entry of that name, found by halving; reads one part. */
  async find(treeId: Uint8Array, name: Uint8Array, options: ReadOptions = {}): Promise<TreeEntry | undefined> {
    const tree = await this.#read(treeId, options);
    let entries: readonly TreeEntry[];
    if ('entries' in tree) entries = tree.entries;
    else {
      const after = upperBound(tree.parts, (part) => part.firstName, name);
      if (after === 0) return undefined;
      const { firstName, id } = tree.parts[after - 1]!;
      entries = await this.#part(firstName, id, options);
    }
    const candidate = entries[upperBound(entries, (entry) => entry.name, name) - 1];
    return candidate && equalBytes(candidate.name, name) ? candidate : undefined;
  }

  /** Ids of the chunks that make up the directory itself, parts included. */
  async *chunkIds(treeId: Uint8Array, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    yield treeId;
    const tree = await this.#read(treeId, options);
    if ('parts' in tree) for (const part of tree.parts) yield part.id;
  }

  async #known<T>({ onLostPart }: ReadTreeOptions, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!onLostPart || !(error instanceof VaultError) || error.code !== 'chunk_not_found') throw error;
      onLostPart(error);
      return undefined;
    }
  }

  async #part(firstName: Uint8Array, id: Uint8Array, options: ReadOptions): Promise<readonly TreeEntry[]> {
    const part = await this.#read(id, options);
    if (!('entries' in part) || part.entries.length === 0) throw corrupt('a part of a directory has no entries', id);
    if (!equalBytes(part.entries[0]!.name, firstName)) throw corrupt('a part of a directory is not the one that was meant', id);
    return part.entries;
  }

  async #read(id: Uint8Array, options: ReadOptions): Promise<TreeChunk> {
    const key = toHex(id);
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const tree = decodeTree(await this.#chunks.read('tree', id, options));
    this.#kept.set(key, tree);
    return tree;
  }
}

function corrupt(what: string, id: Uint8Array): VaultError {
  return new VaultError('tree_corrupt', `${what} (tree ${toHex(id.subarray(0, 8))}…)`);
}

/** How many items of a sorted list come before or at `name`. */
function upperBound<T>(items: readonly T[], nameOf: (item: T) => Uint8Array, name: Uint8Array): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(nameOf(items[middle]!), name) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
