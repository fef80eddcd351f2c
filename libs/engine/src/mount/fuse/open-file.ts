import type { SnapshotNode, SnapshotNodes } from './snapshot-nodes.ts';

/**
 * A file that somebody reads. Whoever reads on from where the last answer ended gets the bytes of one reading that goes through the file, fetching
 * ahead; any other place is read by itself. Memory: two windows of the vault's reader and what an answer holds.
 */
export class OpenFile {
  readonly #nodes: SnapshotNodes;
  readonly node: SnapshotNode;
  readonly #stop = new AbortController();
  #through: AsyncGenerator<Uint8Array> | undefined;
  #left: Uint8Array = new Uint8Array(0);
  /** Where the last answer ended. */
  #offset = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(nodes: SnapshotNodes, node: SnapshotNode) {
    this.#nodes = nodes;
    this.node = node;
  }

  /** Up to `length` bytes; fewer only at the end of the file. Throws what the vault's reader throws. */
  read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array> {
    const answer = this.#turn.then(() => {
      signal.throwIfAborted();
      return this.#read(offset, Math.max(0, Math.min(length, this.node.entry.size - offset)), signal);
    });
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    this.#stop.abort(new DOMException('the file was closed', 'AbortError'));
    this.#drop();
  }

  async #read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    try {
      if (offset !== this.#offset) {
        this.#drop();
        const only = this.#nodes.read(this.node, { offset, length }, AbortSignal.any([signal, this.#stop.signal]));
        const { bytes } = await take(only, length);
        this.#offset = offset + length;
        return bytes;
      }
      // From the start of a small file that is all there is; a larger one that is read on is read through.
      this.#through ??= this.#nodes.read(this.node, { offset, length: this.node.entry.size - offset }, this.#stop.signal);
      const { bytes, left } = await take(this.#through, length, this.#left);
      this.#left = left;
      this.#offset = offset + length;
      return bytes;
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  #drop(): void {
    void this.#through?.return(undefined).catch(() => undefined);
    this.#through = undefined;
    this.#left = new Uint8Array(0);
    this.#offset = -1;
  }
}

/** The next `length` bytes, and what came with them. */
async function take(
  from: AsyncGenerator<Uint8Array>,
  length: number,
  first: Uint8Array = new Uint8Array(0),
): Promise<{ bytes: Uint8Array; left: Uint8Array }> {
  if (first.length >= length) return { bytes: first.subarray(0, length), left: first.subarray(length) };
  const bytes = new Uint8Array(length);
  bytes.set(first);
  for (let at = first.length; at < length;) {
    const next = await from.next();
    if (next.done) return { bytes: bytes.subarray(0, at), left: new Uint8Array(0) };
    const fitting = next.value.subarray(0, length - at);
    bytes.set(fitting, at);
    at += fitting.length;
    if (at === length) return { bytes, left: next.value.subarray(fitting.length) };
  }
  return { bytes, left: new Uint8Array(0) };
}
