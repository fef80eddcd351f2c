import type { ChunkKind } from '../chunk/chunk-kind.ts';
import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';
import { finishInMemory, PackBuilder, type PackBuilderOptions, type WrittenPack } from './pack-builder.ts';
import { MemoryBytes } from './pack-bytes.ts';

export interface PackWriterOptions extends PackBuilderOptions {
  /** Size that a finished pack has at most, padding included, unless one chunk alone is larger. */
  readonly targetBytes: number;
  /** How many packs are filled at the same time; default 2. */
  readonly openPacks?: number;
}

/**
 * Compresses chunks and fills packs of one kind. Every chunk goes to a pack chosen at random among the open ones, since
 * the sizes of chunks in order would identify known files. Synchronous: the caller stores what it returns before adding
 * more, which is the back-pressure. Memory: `openPacks` × `targetBytes`, plus the pack just finished.
 */
export class PackWriter {
  readonly #options: PackWriterOptions;
  #open: PackBuilder<MemoryBytes>[] = [];

  constructor(options: PackWriterOptions) {
    if (options.targetBytes > limits.packBytes)
      throw new VaultError('limit_exceeded', `a pack target of ${options.targetBytes} bytes is over ${limits.packBytes}`);
    this.#options = options;
  }

  /** Chunks in open packs, so not yet in any finished one. */
  get pendingChunks(): number {
    return this.#open.reduce((sum, pack) => sum + pack.chunkCount, 0);
  }

  /** Bytes of the open packs if they were finished now. */
  get pendingBytes(): number {
    return this.#open.reduce((sum, pack) => sum + pack.sizeWith(0, 0), 0);
  }

  /**
   * Adds a chunk that the caller knows to be new; takes a copy. Returns the packs that became full by it (none or one),
   * to be stored.
   */
  add(kind: ChunkKind, id: Uint8Array, plaintext: Uint8Array): WrittenPack[] {
    const { openPacks = 2 } = this.#options;
    while (this.#open.length < openPacks) this.#open.push(openPack(this.#options));
    const stored = this.#open[0]!.toStored(plaintext);
    const chosen = this.#options.random.bytes(1)[0]! % openPacks;
    // Another open pack may still have room where the chosen one has not.
    for (let i = 0; i < openPacks; i += 1) {
      const pack = this.#open[(chosen + i) % openPacks]!;
      if (this.#fits(pack, stored.length)) {
        pack.add(kind, id, stored, plaintext.length);
        return [];
      }
    }
    const fullest = this.#open.reduce((a, b) => (b.sizeWith(0, 0) > a.sizeWith(0, 0) ? b : a));
    // One pack was filled, so the next will be: no growing in steps.
    const fresh = openPack(this.#options, this.#options.targetBytes);
    this.#open[this.#open.indexOf(fullest)] = fresh;
    const finished = finishInMemory(fullest, this.#options);
    fresh.add(kind, id, stored, plaintext.length);
    return [finished];
  }

  /** Finishes the open packs, merged into one where that fits. */
  flush(): WrittenPack[] {
    const finished: WrittenPack[] = [];
    let tail: PackBuilder<MemoryBytes> | undefined;
    for (const pack of this.#open) {
      if (pack.chunkCount === 0) continue;
      if (tail && tail.chunkCount + pack.chunkCount <= limits.chunksPerPack && tail.sizeWithAll(pack) <= this.#options.targetBytes)
        merge(tail, pack);
      else {
        if (tail) finished.push(finishInMemory(tail, this.#options));
        tail = pack;
      }
    }
    if (tail) finished.push(finishInMemory(tail, this.#options));
    this.#open = [];
    return finished;
  }

  #fits(pack: PackBuilder<MemoryBytes>, storedBytes: number): boolean {
    if (pack.chunkCount === 0) return true;
    return pack.chunkCount < limits.chunksPerPack && pack.sizeWith(storedBytes, 1) <= this.#options.targetBytes;
  }
}

/** One pack of exactly these chunks, in this order: how an index pack is made. */
export function sealPack(
  options: PackBuilderOptions,
  chunks: Iterable<{ readonly kind: ChunkKind; readonly id: Uint8Array; readonly plaintext: Uint8Array }>,
): WrittenPack {
  const pack = openPack(options);
  for (const { kind, id, plaintext } of chunks) pack.add(kind, id, pack.toStored(plaintext), plaintext.length);
  return finishInMemory(pack, options);
}

function openPack(options: PackBuilderOptions, initialBytes?: number): PackBuilder<MemoryBytes> {
  return new PackBuilder(options, (header) => new MemoryBytes(header, initialBytes));
}

function merge(tail: PackBuilder<MemoryBytes>, other: PackBuilder<MemoryBytes>): void {
  for (const entry of other.entries) tail.take(other, entry, other.bytes.at(entry.offset, entry.sealedLength));
}
