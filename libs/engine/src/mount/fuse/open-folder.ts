import type { TreeEntry } from '#libs/vault';
import { FuseListing } from './fuse-wire.ts';
import { attributesOf, type SnapshotNode, type SnapshotNodes } from './snapshot-nodes.ts';

const dots = ['.', '..'].map((name) => Buffer.from(name));

/** A folder that somebody reads: the kernel asks on and on from where the last answer ended, or from the start again. */
export class OpenFolder {
  readonly #nodes: SnapshotNodes;
  readonly #folder: SnapshotNode;
  readonly #stop = new AbortController();
  #entries: AsyncGenerator<TreeEntry> | undefined;
  /** Read from the vault, and not fitted into the last answer. */
  #pending: TreeEntry | undefined;
  #offset = 0;
  /** Said once what was read before it is answered. */
  #failure: { readonly reason: unknown } | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(nodes: SnapshotNodes, folder: SnapshotNode) {
    this.#nodes = nodes;
    this.#folder = folder;
  }

  /** One answer of at most `room` bytes, empty at the end. `plus`: with attributes, and a reference to each entry, unless `signal` says that nobody waits. */
  read(offset: number, room: number, plus: boolean, signal: AbortSignal): Promise<Buffer> {
    const answer = this.#turn.then(() => this.#read(offset, room, plus, signal));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    this.#stop.abort(new DOMException('the folder was closed', 'AbortError'));
  }

  async #read(offset: number, room: number, plus: boolean, signal: AbortSignal): Promise<Buffer> {
    const listing = new FuseListing(room, plus);
    if (offset < dots.length || offset !== this.#offset) this.#restart();
    for (const [at, name] of dots.entries()) {
      if (at < offset) continue;
      const { attributes } = at === 0 ? this.#folder : (this.#folder.parent ?? this.#folder);
      if (listing.reserve(name)) listing.add({ name, node: 0, attributes }, at + 1);
    }
    while (this.#offset < offset && (await this.#next())) this.#offset += 1;
    const taken: TreeEntry[] = [];
    for (let entry = await this.#nextOrFailure(listing); entry; entry = await this.#nextOrFailure(listing)) {
      if (!listing.reserve(entry.name)) {
        this.#pending = entry;
        break;
      }
      taken.push(entry);
    }
    if (signal.aborted) {
      this.#restart();
      signal.throwIfAborted();
    }
    for (const entry of taken) {
      const node = plus ? this.#nodes.refer(this.#folder, entry) : undefined;
      const attributes = node?.attributes ?? attributesOf(entry, this.#folder, this.#folder.snapshot);
      listing.add({ name: entry.name, node: node?.id ?? 0, attributes }, (this.#offset += 1));
    }
    return listing.bytes();
  }

  #restart(): void {
    this.#entries = this.#nodes.list(this.#folder, this.#stop.signal);
    this.#pending = undefined;
    this.#failure = undefined;
    this.#offset = dots.length;
  }

  /** What can't be read is an error of its own answer, so that entries before it are not lost. */
  async #nextOrFailure(listing: FuseListing): Promise<TreeEntry | undefined> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.reason;
    try {
      return await this.#next();
    } catch (error) {
      if (listing.empty) throw error;
      this.#failure = { reason: error };
      return undefined;
    }
  }

  async #next(): Promise<TreeEntry | undefined> {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending) return pending;
    const next = await this.#entries!.next();
    return next.done ? undefined : next.value;
  }
}
