import type { ChunkIndex, ChunkLocation, PackInfo } from '#libs/vault';
import { readDirectory } from '#libs/vault';

type LocatedChunk = ChunkLocation & { readonly id: Uint8Array };

/** Packs that are durable in the store but in no committed index yet: of this session, of a failed one, found after a crash. */
export class UncommittedPacks {
  readonly #packs: PackInfo[] = [];
  readonly #directories: { readonly ordinal: number; readonly directory: Uint8Array }[] = [];
  readonly #indexes: ChunkIndex[] = [];

  addWritten(pack: PackInfo, directory: Uint8Array): void {
    this.#packs.push(pack);
    this.#directories.push({ ordinal: pack.ordinal, directory });
  }

  addFound(packs: Iterable<PackInfo>, index: ChunkIndex): void {
    this.#packs.push(...packs);
    this.#indexes.push(index);
  }

  get packs(): readonly PackInfo[] {
    return this.#packs;
  }

  /** What the delta fragment says. Records and fragments are found through the head, not through the index. */
  *chunks(): Generator<LocatedChunk> {
    for (const index of this.#indexes) yield* index.entries();
    for (const { ordinal, directory } of this.#directories) {
      for (const { kind, id, offset, sealedLength, plainLength } of readDirectory(directory)) {
        if (kind === 'data' || kind === 'tree' || kind === 'chunkList') yield { id, ordinal, offset, sealedLength, plainLength };
      }
    }
  }

  clear(): void {
    this.#packs.length = 0;
    this.#directories.length = 0;
    this.#indexes.length = 0;
  }
}
