import type { ChunkKind } from '../chunk/chunk-kind.ts';
import { limits } from '../limits.ts';
import { PackBuilder, type SpooledPack, type WrittenPack } from './pack-builder.ts';
import type { PackSpool } from './pack-spool.ts';
import type { PackWriterOptions } from './pack-writer.ts';

export interface SpooledPackWriterOptions<Spool extends PackSpool> extends PackWriterOptions {
  /** A new, empty one for every pack that grows beyond a leaf. */
  readonly newSpool: () => Promise<Spool>;
}

interface OpenPack<Spool extends PackSpool> {
  readonly builder: PackBuilder;
  spool: Spool | undefined;
}

/**
 * {@link PackWriter} for a lot of data: sealed chunks go to a spool leaf by leaf, so memory is some leaves and one chunk an open pack, whatever
 * the size of packs. One call at a time; what it returns is to be stored before more is added, which is the back-pressure.
 */
export class SpooledPackWriter<Spool extends PackSpool> {
  readonly #options: SpooledPackWriterOptions<Spool>;
  #open: OpenPack<Spool>[] = [];
  #choices: Uint8Array = new Uint8Array(0);
  #choiceAt = 0;

  constructor(options: SpooledPackWriterOptions<Spool>) {
    this.#options = options;
  }

  /** Chunks in open packs, so not yet in any finished one. */
  get pendingChunks(): number {
    return this.#open.reduce((sum, { builder }) => sum + builder.chunkCount, 0);
  }

  /** Adds a chunk that the caller knows to be new. Returns the pack that became full by it. Throws what the spool throws. */
  async add(kind: ChunkKind, id: Uint8Array, plaintext: Uint8Array): Promise<WrittenPack | SpooledPack<Spool> | undefined> {
    const { openPacks = 2 } = this.#options;
    while (this.#open.length < openPacks) this.#open.push(this.#newPack());
    const stored = this.#open[0]!.builder.toStored(plaintext);
    const chosen = this.#choice() % openPacks;
    // Another open pack may still have room where the chosen one has not.
    for (let i = 0; i < openPacks; i += 1) {
      const pack = this.#open[(chosen + i) % openPacks]!;
      if (this.#fits(pack.builder, stored.length)) {
        await this.#put(pack, kind, id, stored, plaintext.length);
        return undefined;
      }
    }
    const fullest = this.#open.reduce((a, b) => (b.builder.sizeWith(0, 0) > a.builder.sizeWith(0, 0) ? b : a));
    const fresh = this.#newPack();
    this.#open[this.#open.indexOf(fullest)] = fresh;
    // Before anything is waited for: what was compressed stands in memory that the thread's next compression uses again.
    fresh.builder.add(kind, id, stored, plaintext.length);
    const finished = await this.#finish(fullest);
    await this.#drain(fresh);
    return finished;
  }

  /** Finishes the open packs, merged into one where that fits. */
  async flush(): Promise<(WrittenPack | SpooledPack<Spool>)[]> {
    const finished: (WrittenPack | SpooledPack<Spool>)[] = [];
    let tail: OpenPack<Spool> | undefined;
    // The largest first, so that the least is moved.
    for (const pack of this.#open.toSorted((a, b) => b.builder.sizeWith(0, 0) - a.builder.sizeWith(0, 0))) {
      if (pack.builder.chunkCount === 0) continue;
      if (tail && this.#fitsWhole(tail.builder, pack.builder)) await this.#merge(tail, pack);
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
    const done = await Promise.allSettled(open.map(async ({ spool }) => spool?.discard()));
    for (const one of done) if (one.status === 'rejected') throw one.reason;
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
    return { builder: new PackBuilder(this.#options), spool: undefined };
  }

  async #put(pack: OpenPack<Spool>, kind: ChunkKind, id: Uint8Array, stored: Uint8Array, plainLength: number): Promise<void> {
    pack.builder.add(kind, id, stored, plainLength);
    await this.#drain(pack);
  }

  async #drain(pack: OpenPack<Spool>): Promise<void> {
    if (pack.builder.hasWholeLeaf) await pack.builder.drain((pack.spool ??= await this.#options.newSpool()));
  }

  async #merge(tail: OpenPack<Spool>, other: OpenPack<Spool>): Promise<void> {
    if (other.spool) await tail.builder.mergeSpooled(other.builder, other.spool, () => this.#drain(tail));
    else tail.builder.merge(other.builder);
    await other.spool?.discard();
    await this.#drain(tail);
  }

  async #finish({ builder, spool }: OpenPack<Spool>): Promise<WrittenPack | SpooledPack<Spool>> {
    builder.close();
    if (!spool) return builder.inMemory();
    try {
      await builder.drain(spool, true);
    } finally {
      await spool.close();
    }
    return builder.spooled(spool);
  }

  #fits(pack: PackBuilder, storedBytes: number): boolean {
    if (pack.chunkCount === 0) return true;
    return pack.chunkCount < limits.chunksPerPack && pack.sizeWith(storedBytes, 1) <= this.#options.targetBytes;
  }

  #fitsWhole(tail: PackBuilder, other: PackBuilder): boolean {
    return tail.chunkCount + other.chunkCount <= limits.chunksPerPack && tail.sizeWithAll(other) <= this.#options.targetBytes;
  }
}
