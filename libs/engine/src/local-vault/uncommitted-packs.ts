import type { ChunkIndex, ChunkLocation, PackInfo } from '#libs/vault';
import { readDirectory } from '#libs/vault';

export type LocatedChunk = ChunkLocation & { readonly id: Uint8Array };

/** Packs that are durable in the store but in no committed index yet: of a session under way, of a failed one, found after a crash. */
export class UncommittedPacks {
  /** By ordinal. Packs that were found share one index instead of a directory each. */
  readonly #packs = new Map<number, { readonly pack: PackInfo; readonly directory: Uint8Array | undefined }>();
  #found: ChunkIndex | undefined;

  addWritten(pack: PackInfo, directory: Uint8Array): void {
    this.#packs.set(pack.ordinal, { pack, directory });
  }

  addFound(packs: Iterable<PackInfo>, index: ChunkIndex): void {
    for (const pack of packs) this.#packs.set(pack.ordinal, { pack, directory: undefined });
    this.#found = index;
  }

  get packs(): readonly PackInfo[] {
    return [...this.#packs.values()].map(({ pack }) => pack);
  }

  has(ordinal: number): boolean {
    return this.#packs.has(ordinal);
  }

  /** What a delta fragment says of these packs. Records and fragments are found through the head, not through the index. */
  *chunks(ordinals: ReadonlySet<number>): Generator<LocatedChunk> {
    for (const chunk of this.#found?.entries() ?? []) if (ordinals.has(chunk.ordinal) && this.#packs.has(chunk.ordinal)) yield chunk;
    for (const ordinal of ordinals) {
      const directory = this.#packs.get(ordinal)?.directory;
      if (!directory) continue;
      for (const { kind, id, offset, sealedLength, plainLength } of readDirectory(directory)) {
        if (kind === 'data' || kind === 'tree' || kind === 'chunkList') yield { id, ordinal, offset, sealedLength, plainLength };
      }
    }
  }

  /** After they were committed. */
  remove(ordinals: ReadonlySet<number>): void {
    for (const ordinal of ordinals) this.#packs.delete(ordinal);
    if (![...this.#packs.values()].some(({ directory }) => directory === undefined)) this.#found = undefined;
  }
}
