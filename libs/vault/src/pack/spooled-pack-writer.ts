import type { ChunkKind } from '../chunk/chunk-kind.ts';
import { limits } from '../limits.ts';
import { LeafPool } from './leaf-pool.ts';
import { PackBuilder, type SpooledPack, type WrittenPack } from './pack-builder.ts';
import { directoryEntryBytes } from './pack-directory.ts';
import { hashBlock } from './pack-id.ts';
import type { PackSpool } from './pack-spool.ts';
import type { PackWriterOptions } from './pack-writer.ts';
import { SpooledBytes } from './spooled-bytes.ts';

export interface SpooledPackWriterOptions<Spool extends PackSpool> extends PackWriterOptions {
  /** A new, empty one for every pack that fills a leaf. */
  readonly newSpool: () => Promise<Spool>;
  /** Memory for the leaves that spools get, where they want a certain kind; some mebibytes, asked for once. */
  readonly newMemory?: ((bytes: number) => Uint8Array) | undefined;
}

/**
 * A tail that would be at least this part of a pack stays one: to merge it, it would have to be read, opened and sealed a second time, which for the tails of a
 * session of some hundred megabytes is a tenth of all sealing.
 */
const largeTail = 1 / 4;

/**
 * From this part of the most chunks on a pack ends where it needs no padding. A step of padding is some hundred small chunks, so there are several such places up to
 * the end; without it full packs of small files were padded by 1.5 %.
 */
const almostFull = 0.9;

type Finished<Spool extends PackSpool> = WrittenPack | SpooledPack<Spool>;
type OpenPack<Spool extends PackSpool> = PackBuilder<SpooledBytes<Spool>>;

/**
 * {@link PackWriter} for a lot of data: sealed chunks go to a spool leaf by leaf, while the next are sealed, so memory is some leaves and one chunk, whatever
 * the size of packs. One call at a time; what it returns is to be stored before more is added, which is the back-pressure.
 */
export class SpooledPackWriter<Spool extends PackSpool> {
  readonly #options: SpooledPackWriterOptions<Spool>;
  readonly #openPacks: number;
  readonly #pool: LeafPool;
  #open: OpenPack<Spool>[] = [];
  #choices: Uint8Array = new Uint8Array(0);
  #choiceAt = 0;

  constructor(options: SpooledPackWriterOptions<Spool>) {
    this.#options = options;
    this.#openPacks = options.openPacks ?? 2;
    // One more than open: a pack that became full still has its last leaf when the next one begins.
    this.#pool = new LeafPool(this.#openPacks + 1, options.newMemory);
  }

  /** Chunks in open packs, so not yet in any finished one. */
  get pendingChunks(): number {
    return this.#open.reduce((sum, { chunkCount }) => sum + chunkCount, 0);
  }

  /**
   * Adds a chunk that the caller knows to be new. Undefined when it is in its place and there is nothing to wait for: most chunks are small, and waiting for each costs
   * as much as sealing it. Else resolves to the pack that became full by it, if any. Throws and rejects with what the spool throws.
   */
  add(kind: ChunkKind, id: Uint8Array, plaintext: Uint8Array): Promise<Finished<Spool> | undefined> | undefined {
    while (this.#open.length < this.#openPacks) this.#open.push(this.#newPack());
    // Sealed before anything is waited for: what was compressed stands in memory that the thread's next compression uses again.
    const stored = this.#open[0]!.toStored(plaintext);
    const chosen = this.#choice() % this.#openPacks;
    // Another open pack may still have room where the chosen one has not.
    for (let i = 0; i < this.#openPacks; i += 1) {
      const pack = this.#open[(chosen + i) % this.#openPacks]!;
      if (!this.#fits(pack, stored.length)) continue;
      const placed = pack.add(kind, id, stored, plaintext.length);
      return placed ? placed.then(() => this.#finishAtStep(pack)) : this.#finishAtStep(pack);
    }
    return this.#addToNew(kind, id, stored, plaintext.length);
  }

  /** Finishes the open packs, small ones merged into others where they fit. */
  async flush(): Promise<Finished<Spool>[]> {
    const finished: Finished<Spool>[] = [];
    let tail: OpenPack<Spool> | undefined;
    // The largest first, so that the least is moved.
    for (const pack of this.#open.toSorted((a, b) => b.sizeWith(0, 0) - a.sizeWith(0, 0))) {
      if (pack.chunkCount === 0) await pack.bytes.discard();
      else if (tail && this.#isSmall(pack) && this.#fitsWhole(tail, pack)) await this.#merge(tail, pack);
      else {
        if (tail) finished.push(await this.#finish(tail));
        tail = pack;
      }
    }
    if (tail) finished.push(await this.#finish(tail));
    this.#open = [];
    return finished;
  }

  /** Throws the open packs away, all of them whatever happens. Throws the first thing that did. */
  async discard(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    const done = await Promise.allSettled(open.map(({ bytes }) => bytes.discard()));
    for (const one of done) if (one.status === 'rejected') throw one.reason;
  }

  /** No open pack has room: a new one takes the place of the fullest. */
  async #addToNew(kind: ChunkKind, id: Uint8Array, stored: Uint8Array, plainLength: number): Promise<Finished<Spool>> {
    const fullest = this.#open.reduce((a, b) => (b.sizeWith(0, 0) > a.sizeWith(0, 0) ? b : a));
    const fresh = this.#newPack();
    try {
      await fresh.add(kind, id, stored, plainLength);
    } catch (error) {
      await fresh.bytes.discard().catch(() => undefined);
      throw error;
    }
    return this.#replace(fullest, fresh);
  }

  #finishAtStep(pack: OpenPack<Spool>): Promise<Finished<Spool>> | undefined {
    return this.#isAtStep(pack) ? this.#replace(pack, this.#newPack()) : undefined;
  }

  /** A random byte; drawn many at once, since asking the system costs as much as a small chunk. */
  #choice(): number {
    if (this.#choiceAt === this.#choices.length) {
      this.#choices = this.#options.random.bytes(256);
      this.#choiceAt = 0;
    }
    return this.#choices[this.#choiceAt++]!;
  }

  #newPack(): OpenPack<Spool> {
    const { primitives, blockHash = 'blake3', newSpool } = this.#options;
    const hashLeaf = (leaf: Uint8Array): Uint8Array => hashBlock(primitives, blockHash, leaf);
    return new PackBuilder(this.#options, (header) => new SpooledBytes(header, { pool: this.#pool, newSpool, hashLeaf }));
  }

  #replace(full: OpenPack<Spool>, fresh: OpenPack<Spool>): Promise<Finished<Spool>> {
    this.#open[this.#open.indexOf(full)] = fresh;
    return this.#finish(full);
  }

  async #merge(tail: OpenPack<Spool>, other: OpenPack<Spool>): Promise<void> {
    for (const entry of other.entries) await tail.take(other, entry, await other.bytes.read(entry.offset, entry.sealedLength));
    await other.bytes.discard();
  }

  async #finish(pack: OpenPack<Spool>): Promise<Finished<Spool>> {
    await pack.close();
    const bytes = await pack.bytes.finish();
    const facts = pack.facts(pack.bytes.leafDigests);
    return bytes ? { ...facts, bytes } : { ...facts, spool: pack.bytes.spool! };
  }

  #fits(pack: OpenPack<Spool>, storedBytes: number): boolean {
    if (pack.chunkCount === 0) return true;
    return pack.chunkCount < limits.chunksPerPack && pack.sizeWith(storedBytes, 1) <= this.#options.targetBytes;
  }

  /** Whether a pack of small chunks, which ends at their number and not at its size, ends best here: the next one would cost a step of padding. */
  #isAtStep(pack: OpenPack<Spool>): boolean {
    const { chunkCount } = pack;
    return chunkCount >= limits.chunksPerPack * almostFull && pack.padding < pack.bytes.length / chunkCount + directoryEntryBytes;
  }

  #isSmall(pack: OpenPack<Spool>): boolean {
    return pack.sizeWith(0, 0) < this.#options.targetBytes * largeTail;
  }

  #fitsWhole(tail: OpenPack<Spool>, other: OpenPack<Spool>): boolean {
    return tail.chunkCount + other.chunkCount <= limits.chunksPerPack && tail.sizeWithAll(other) <= this.#options.targetBytes;
  }
}
