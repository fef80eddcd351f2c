import { toHex } from '#libs/kernel';
import type { ChunkKind } from '../chunk/chunk-kind.ts';
import type { ChunkIndex, ChunkLocation } from '../chunk-index/chunk-index.ts';
import type { PackInfo, PackTable } from '../chunk-index/pack-table.ts';
import { VaultError } from '../errors.ts';
import type { ReadOptions } from '../ports.ts';
import type { ChunkOpener } from './chunk-opener.ts';
import { packRuns } from './pack-runs.ts';
import type { VerifiedBlocks } from './verified-blocks.ts';

export interface LocatedChunk extends ChunkLocation {
  readonly id: Uint8Array;
}

export interface ReadChunk {
  readonly id: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** One request to a pack takes at most this many sealed bytes (a single chunk may be larger). */
const maxRunBytes = 8 * 1024 * 1024;

/** Finds chunks by id and opens them. */
export class ChunkReader {
  readonly index: ChunkIndex;
  readonly packs: PackTable;
  readonly blocks: VerifiedBlocks;
  readonly opener: ChunkOpener;

  constructor(parts: {
    readonly index: ChunkIndex;
    readonly packs: PackTable;
    readonly blocks: VerifiedBlocks;
    readonly opener: ChunkOpener;
  }) {
    ({ index: this.index, packs: this.packs, blocks: this.blocks, opener: this.opener } = parts);
  }

  /** Throws `chunk_not_found`. */
  locate(kind: ChunkKind, id: Uint8Array): LocatedChunk {
    const location = this.index.lookup(id);
    if (!location)
      throw new VaultError('chunk_not_found', `${kind} chunk ${toHex(id.subarray(0, 8))}… is in no pack that the index knows`, {
        context: { region: kind },
      });
    return { id, ...location };
  }

  /** Throws `index_corrupt` when the index names a pack that it does not describe. */
  packOf(location: Pick<ChunkLocation, 'ordinal'>): PackInfo {
    const pack = this.packs.get(location.ordinal);
    if (!pack)
      throw new VaultError('index_corrupt', `the index names pack number ${location.ordinal}, which it does not know`, {
        context: { ordinal: location.ordinal },
      });
    return pack;
  }

  async read(kind: ChunkKind, id: Uint8Array, options: ReadOptions = {}): Promise<Uint8Array> {
    const chunk = this.locate(kind, id);
    const pack = this.packOf(chunk);
    const sealed = await this.blocks.readRange(pack.packId, chunk.offset, chunk.sealedLength, options);
    return this.opener.open(pack, kind, id, chunk, sealed);
  }

  /**
   * Reads chunks pack by pack in order of offset, near ones in one request. Yields each once, as it is opened; memory: one
   * request of up to 8 MiB and the chunk in hand.
   */
  async *readMany(kind: ChunkKind, chunks: Iterable<LocatedChunk>, options: ReadOptions = {}): AsyncGenerator<ReadChunk> {
    for (const run of packRuns(chunks, maxRunBytes)) {
      const pack = this.packOf(run.chunks[0]!);
      const bytes = await this.blocks.readRange(pack.packId, run.offset, run.length, options);
      let previous = -1;
      for (const chunk of run.chunks) {
        if (chunk.offset === previous) continue;
        previous = chunk.offset;
        const from = chunk.offset - run.offset;
        yield { id: chunk.id, plaintext: this.opener.open(pack, kind, chunk.id, chunk, bytes.subarray(from, from + chunk.sealedLength)) };
      }
    }
  }
}
