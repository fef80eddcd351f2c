import { equalBytes } from '#libs/kernel';
import { decodeTree, idsIn, PackBitmap, type Snapshot, type TreeEntry, type VaultReader } from '#libs/vault';
import { pairedEntries } from '../compare/paired-entries.ts';
import { throwIfInterrupted } from '../errors.ts';

type Sign = 1 | -1;
type NeedReader = Pick<VaultReader, 'readChunk' | 'locate' | 'readTree'>;

/**
 * Which packs each of many snapshots needs, exactly, at the cost of one walk and the differences: references are counted by pack, and
 * from one snapshot to the next only what differs is counted off and on. Memory: a number a pack, and the directories on the way.
 */
export class NeededBySnapshot {
  readonly #reader: NeedReader;
  readonly #signal: AbortSignal | undefined;
  readonly #references = new Map<number, number>();
  #before = new Map<string, TreeEntry>();
  #lost = 0;

  constructor(reader: NeedReader, signal?: AbortSignal) {
    this.#reader = reader;
    this.#signal = signal;
  }

  /** Data and tree packs of this snapshot, index packs left out. Cheapest when neighbours come one after the other. */
  async next(snapshot: Snapshot): Promise<PackBitmap> {
    const roots = new Map(snapshot.roots.map(({ path, entry }) => [Buffer.from(path).toString('latin1'), entry]));
    for (const [path, entry] of this.#before) await this.#change(entry, roots.get(path));
    for (const [path, entry] of roots) if (!this.#before.has(path)) await this.#change(undefined, entry);
    this.#before = roots;
    const needed = new PackBitmap();
    for (const [ordinal, count] of this.#references) if (count > 0) needed.set(ordinal);
    return needed;
  }

  /** References of the last snapshot to chunks that are in no pack; what only a lost list of names leads to can't be counted. */
  get lostReferences(): number {
    return this.#lost;
  }

  async #change(from: TreeEntry | undefined, to: TreeEntry | undefined): Promise<void> {
    throwIfInterrupted(this.#signal);
    if (!same(contentIds(from), contentIds(to))) {
      if (from) await this.#countContent(from, -1);
      if (to) await this.#countContent(to, 1);
    }
    if (same(from?.tree, to?.tree)) return;
    if (from?.tree) await this.#countTree(from.tree, -1);
    if (to?.tree) await this.#countTree(to.tree, 1);
    // What is lost is counted as such, above.
    const onLostPart = (): void => undefined;
    for await (const [a, b] of pairedEntries(this.#reader, from?.tree, to?.tree, { onLostPart })) await this.#change(a, b);
  }

  /** The directory's own chunks, parts included. */
  async #countTree(treeId: Uint8Array, sign: Sign): Promise<void> {
    this.#count(treeId, sign);
    if (!this.#reader.locate(treeId)) return;
    const tree = decodeTree(await this.#reader.readChunk('tree', treeId));
    if ('parts' in tree) for (const { id } of tree.parts) this.#count(id, sign);
  }

  async #countContent({ content }: TreeEntry, sign: Sign): Promise<void> {
    if (!content) return;
    if ('ids' in content) for (const id of idsIn(content.ids)) this.#count(id, sign);
    else await this.#countList(content.chunkList, content.depth, sign);
  }

  async #countList(listId: Uint8Array, depth: number, sign: Sign): Promise<void> {
    this.#count(listId, sign);
    if (!this.#reader.locate(listId)) return;
    for (const id of idsIn(await this.#reader.readChunk('chunkList', listId))) {
      if (depth > 1) await this.#countList(id, depth - 1, sign);
      else this.#count(id, sign);
    }
  }

  #count(id: Uint8Array, sign: Sign): void {
    const location = this.#reader.locate(id);
    if (!location) this.#lost += sign;
    else this.#references.set(location.ordinal, (this.#references.get(location.ordinal) ?? 0) + sign);
  }
}

function contentIds(entry: TreeEntry | undefined): Uint8Array | undefined {
  return entry?.content && ('ids' in entry.content ? entry.content.ids : entry.content.chunkList);
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && equalBytes(a, b));
}
