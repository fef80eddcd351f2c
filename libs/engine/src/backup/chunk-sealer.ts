import type { Primitives } from '#libs/crypto';
import type { RandomSource } from '#libs/kernel';
import { type StopSignal, throwIfInterrupted } from '../errors.ts';
import { Turns } from '../turns.ts';
import type { ChunkRun } from './chunk-run.ts';
import { type DataPackWriter, dataPackWriter, type FinishedPack } from './data-pack-writer.ts';
import { backupLimits } from './limits.ts';
import type { SealerPorts, SealerVault } from './sealer.ts';
import { inStore, StoreFailure } from './store-failure.ts';

export interface ChunkSealerOptions {
  readonly vault: SealerVault;
  readonly primitives: Primitives;
  readonly random: RandomSource;
  readonly ports: SealerPorts;
  /** See `sealedBytesCell`. */
  readonly sealedBytes: Float64Array;
}

const nothing = new Uint8Array(0);

/**
 * Known? → compress, seal, pack: the second half of a sealer, for chunks that have their ids. What fails here is the store, not a file: every call throws
 * `StoreFailure`. Memory: the leaves of the open packs (9 MiB); whole packs where there is no spool.
 */
export class ChunkSealer {
  readonly #ports: SealerPorts;
  readonly #writer: DataPackWriter;
  readonly #sealedBytes: Float64Array;
  readonly #turns = new Turns();
  #flushedAt = performance.now();

  constructor({ vault, primitives, random, ports, sealedBytes }: ChunkSealerOptions) {
    const { parameters, keys, epoch, vaultId } = vault;
    this.#ports = ports;
    this.#sealedBytes = sealedBytes;
    this.#writer = dataPackWriter(
      {
        primitives,
        random,
        vaultId,
        keys,
        epoch,
        kind: 'data',
        targetBytes: parameters.dataPackBytes,
        compressionLevel: parameters.compressionLevel,
        blockHash: parameters.blockHash,
      },
      ports.newSpool,
    );
  }

  /**
   * Looks all of them up at once and seals the new ones into packs, which are stored as they become full. One byte a chunk in answer: 1 = it was new. The
   * buffer that they stand in is free afterwards. Throws `interrupted` between two chunks.
   */
  async seal(run: ChunkRun, buffer: Uint8Array, signal: StopSignal | undefined): Promise<Uint8Array> {
    if (run.count === 0) return nothing;
    // A copy of just these: sending a view to another thread would send all that it is a view of.
    const isNew = await inStore(() => this.#ports.claim(run.ids().slice()));
    for (let chunk = 0; chunk < run.count; chunk += 1) {
      if (isNew[chunk] === 1) {
        if (this.#turns.isOver) await this.#turns.maybeYield();
        throwIfInterrupted(signal);
        const waiting = this.#add(run.ids(chunk, 1), run.plaintext(buffer, chunk));
        if (waiting) await waiting;
      }
      this.#sealedBytes[0]! += run.bytesOf(chunk);
    }
    return isNew;
  }

  /** Closes the open packs. */
  async flush(): Promise<void> {
    this.#flushedAt = performance.now();
    for (const pack of await inStore(() => this.#writer.flush())) await this.#store(pack);
  }

  /** Closes them when they have been open for long, so that an interrupted slow run loses little. */
  async flushIfOld(): Promise<void> {
    if (performance.now() - this.#flushedAt > backupLimits.openPackMs && this.#writer.pendingChunks > 0) await this.flush();
  }

  async discard(): Promise<void> {
    // What can't be removed now is swept by the next run.
    await this.#writer.discard().catch(() => undefined);
  }

  /** Something to wait for only when a pack became full or memory is short: most chunks are small, and waiting costs more than some of them. */
  #add(id: Uint8Array, plaintext: Uint8Array): Promise<void> | undefined {
    let full: ReturnType<DataPackWriter['add']>;
    try {
      full = this.#writer.add(id, plaintext);
    } catch (error) {
      throw new StoreFailure(error);
    }
    return full && this.#storeFull(full);
  }

  async #storeFull(full: FinishedPack | Promise<FinishedPack | undefined>): Promise<void> {
    const pack = await inStore(() => full);
    if (pack) await this.#store(pack);
  }

  #store(pack: FinishedPack): Promise<void> {
    return inStore(() => this.#ports.store(pack));
  }
}
