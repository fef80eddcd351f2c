import { limits } from '../limits.ts';
import type { LeafPool } from './leaf-pool.ts';
import type { PackBytes } from './pack-bytes.ts';
import type { PackSpool } from './pack-spool.ts';

const { leafBytes } = limits;

/** What all open packs of a writer share. */
export interface SpoolingOptions<Spool extends PackSpool> {
  readonly pool: LeafPool;
  /** A new, empty one for every pack that fills a leaf. */
  readonly newSpool: () => Promise<Spool>;
  readonly hashLeaf: (leaf: Uint8Array) => Uint8Array;
}

/**
 * A pack that is filled leaf by leaf: each goes to the spool as soon as it is full, while the next one is being filled. A write that failed is
 * thrown by the next call that waits. Memory: the pool's.
 */
export class SpooledBytes<Spool extends PackSpool> implements PackBytes {
  readonly #options: SpoolingOptions<Spool>;
  readonly #header: Uint8Array;
  /** Undefined until something is added, and between two leaves. */
  #leaf: Uint8Array | undefined;
  /** Offset in the pack of the leaf at hand. */
  #base = 0;
  #used = 0;
  /** `behind`: the leaves that it goes on into. Undefined: it stands elsewhere, and is to be put in its place. */
  #room: { readonly bytes: Uint8Array; readonly behind: Uint8Array[] | undefined } | undefined;
  readonly #digests: Uint8Array[] = [];
  readonly #writes = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #spool: Spool | undefined;
  /** What was read last of the spool. */
  #ahead: { readonly offset: number; readonly bytes: Uint8Array } = { offset: 0, bytes: new Uint8Array(0) };

  constructor(header: Uint8Array, options: SpoolingOptions<Spool>) {
    this.#header = header;
    this.#options = options;
    this.#used = header.length;
  }

  get length(): number {
    return this.#base + this.#used;
  }

  /** Undefined while the pack is smaller than a leaf. */
  get spool(): Spool | undefined {
    return this.#spool;
  }

  /** Of all leaves, after {@link finish}. */
  get leafDigests(): readonly Uint8Array[] {
    return this.#digests;
  }

  room(count: number): Uint8Array {
    const { pool } = this.#options;
    this.#giveRoom();
    if (!this.#leaf) this.#begin(pool.take(count));
    const leaf = this.#leaf;
    const behind = leaf && pool.takeBehind(leaf, Math.ceil((this.#used + count) / leafBytes) - 1, count);
    const bytes = behind ? pool.across(leaf, this.#used, count) : pool.scratch(count);
    this.#room = { bytes, behind };
    return bytes;
  }

  added(): Promise<void> | undefined {
    const { bytes, behind } = this.#room!;
    this.#room = undefined;
    if (!behind) return this.#place(bytes);
    if (behind.length > 0) return this.#handOverAll(behind, bytes.length);
    this.#used += bytes.length;
    return this.#used === leafBytes ? this.#handOver() : undefined;
  }

  /** Bytes that were added before, for a merge, which asks for them in order: the spool is read by the leaf. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    await this.#settled();
    const out = new Uint8Array(length);
    const spooled = Math.min(length, Math.max(0, this.#base - offset));
    for (let done = 0; done < spooled;) {
      const at = offset + done;
      if (at < this.#ahead.offset || at >= this.#ahead.offset + this.#ahead.bytes.length)
        this.#ahead = { offset: at, bytes: await this.#spool!.read(at, Math.min(leafBytes, this.#base - at)) };
      const part = this.#ahead.bytes.subarray(at - this.#ahead.offset, offset + spooled - this.#ahead.offset);
      out.set(part, done);
      done += part.length;
    }
    if (spooled < length) out.set(this.#leaf!.subarray(offset + spooled - this.#base, offset + length - this.#base), spooled);
    return out;
  }

  /** Writes what is left and closes the spool; or, where there is none, gives all bytes in memory. Nothing can be added afterwards. */
  async finish(): Promise<Uint8Array | undefined> {
    const { pool, hashLeaf } = this.#options;
    const leaf = this.#leaf;
    const rest = leaf?.subarray(0, this.#used);
    this.#leaf = undefined;
    try {
      this.#rethrow();
      if (rest) this.#digests.push(hashLeaf(rest));
      if (!this.#spool) return rest!.slice();
      if (rest) await this.#spool.write(this.#base, rest);
      await this.#settled();
    } finally {
      await Promise.allSettled(this.#writes);
      if (leaf) pool.give(leaf);
      await this.#spool?.close();
    }
    return undefined;
  }

  /** Gives everything back, the spool's room too. */
  async discard(): Promise<void> {
    await Promise.allSettled(this.#writes);
    this.#giveRoom();
    if (this.#leaf) this.#options.pool.give(this.#leaf);
    this.#leaf = undefined;
    await this.#spool?.discard();
  }

  /** Of what was asked for and never added, since it could not be sealed. */
  #giveRoom(): void {
    for (const leaf of this.#room?.behind ?? []) this.#options.pool.give(leaf);
    this.#room = undefined;
  }

  #begin(leaf: Uint8Array | undefined): void {
    this.#leaf = leaf;
    if (leaf && this.#base === 0) leaf.set(this.#header);
  }

  async #place(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (!this.#leaf) this.#begin(this.#options.pool.take(bytes.length) ?? (await this.#options.pool.next()));
      const count = Math.min(bytes.length - at, leafBytes - this.#used);
      this.#leaf!.set(bytes.subarray(at, at + count), this.#used);
      this.#used += count;
      at += count;
      if (this.#used === leafBytes) await this.#handOver();
    }
  }

  /** `count` bytes stand in the rest of the leaf at hand and in those behind it. */
  async #handOverAll(behind: Uint8Array[], count: number): Promise<void> {
    let left = count - (leafBytes - this.#used);
    this.#used = leafBytes;
    try {
      await this.#handOver();
      for (let leaf = behind.shift(); leaf; leaf = behind.shift()) {
        this.#leaf = leaf;
        this.#used = Math.min(left, leafBytes);
        left -= this.#used;
        if (this.#used === leafBytes) await this.#handOver();
      }
    } finally {
      // Of a pack that can't be finished any more.
      for (const leaf of behind) this.#options.pool.give(leaf);
    }
  }

  async #handOver(): Promise<void> {
    const { pool, hashLeaf, newSpool } = this.#options;
    const leaf = this.#leaf!;
    const offset = this.#base;
    this.#digests.push(hashLeaf(leaf));
    this.#leaf = undefined;
    this.#base += leafBytes;
    this.#used = 0;
    try {
      this.#rethrow();
      this.#spool ??= await newSpool();
    } catch (error) {
      // This leaf is in no file: the pack can't be finished any more, even where the next call would get its spool.
      this.#failure ??= { error };
      pool.give(leaf);
      throw error;
    }
    const write: Promise<void> = this.#spool
      .write(offset, leaf)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#writes.delete(write);
        pool.give(leaf);
      });
    this.#writes.add(write);
  }

  async #settled(): Promise<void> {
    await Promise.all(this.#writes);
    this.#rethrow();
  }

  #rethrow(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
