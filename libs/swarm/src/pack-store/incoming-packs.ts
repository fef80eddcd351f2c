import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { SwarmError } from '../errors.ts';
import { onDisk } from './disk-errors.ts';
import { FilePackReceiver } from './file-pack-receiver.ts';
import type { PackReceiver } from './pack-receiver.ts';
import { incomingFolder, incomingPath, parseName } from './paths.ts';

/** Packs of which a part is kept for the next try: what an evening of closing laptops breaks off. A part has up to 128 MiB, and most are fetched elsewhere then. */
const keptIncoming = 8;

interface IncomingOptions {
  /** Of the store. */
  readonly folder: string;
  readonly storeName: string;
  readonly files: DurableFiles;
  /** The whole pack is in the store. */
  readonly isStored: (packId: PackId) => boolean;
}

/** Packs of a store that arrive in pieces: one receiver each, and what was broken off is kept for the next try, up to {@link keptIncoming} of them. */
export class IncomingPacks {
  readonly #options: IncomingOptions;
  readonly #receiving = new Set<PackId>();
  /** Broken off by this process, the latest last. */
  readonly #brokenOff = new Set<PackId>();

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /**
   * Takes up a pack; leaves verified in an earlier try are there already. `publish` makes a pack of it when all is there. Throws `store_failed` (temporary)
   * while another receiver has it, and disk errors.
   */
  async receive(packId: PackId, sizeBytes: number, publish: (rootBlock: Uint8Array) => Promise<void>): Promise<PackReceiver> {
    const { folder, storeName, files, isStored } = this.#options;
    if (this.#receiving.has(packId)) {
      throw new SwarmError('store_failed', `pack ${packId} is being received already`, { status: 'temporary', context: { packId } });
    }
    this.#receiving.add(packId);
    const stored = isStored(packId);
    try {
      if (!stored) await this.#makeRoom(packId);
      return await onDisk(packId, storeName, () =>
        FilePackReceiver.open(
          { packId, sizeBytes, folder, files, storeName, stored },
          {
            publish,
            released: () => {
              this.#receiving.delete(packId);
              this.#brokenOff.delete(packId);
              if (!isStored(packId)) this.#brokenOff.add(packId);
            },
          },
        ),
      );
    } catch (error) {
      this.#receiving.delete(packId);
      throw error;
    }
  }

  /** Packs that arrived in part and were not finished. */
  async list(): Promise<PackId[]> {
    const { folder, files } = this.#options;
    const entries = await files.list(join(folder, incomingFolder));
    return [...new Set(entries.flatMap((entry) => parseName(entry.name)?.packId ?? []))];
  }

  /** Gives up a partly received pack and frees its space. No error when there is none, or when it is being received now. */
  async discard(packId: PackId): Promise<void> {
    if (this.#receiving.has(packId)) return;
    await this.#remove(packId);
  }

  /** Removes what crashes left, and parts of packs that are there whole. */
  async sweep(): Promise<void> {
    const { folder, files, isStored } = this.#options;
    await files.sweep(join(folder, incomingFolder));
    for (const packId of await this.list()) if (isStored(packId)) await this.discard(packId);
  }

  /** Gives up what was broken off longest ago, so that what nobody ever fetches to its end does not fill the disk. */
  async #makeRoom(coming: PackId): Promise<void> {
    const { storeName } = this.#options;
    const left = (await onDisk(coming, storeName, () => this.list())).filter((packId) => packId !== coming && !this.#receiving.has(packId));
    for (const packId of this.#brokenOff) if (!left.includes(packId)) this.#brokenOff.delete(packId);
    if (left.length < keptIncoming) return;
    const lately = [...this.#brokenOff];
    const oldestFirst = left.sort((a, b) => lately.indexOf(a) - lately.indexOf(b));
    for (const packId of oldestFirst.slice(0, left.length - keptIncoming + 1)) {
      if (this.#receiving.has(packId)) continue;
      // Nobody takes it up while it goes.
      this.#receiving.add(packId);
      try {
        await onDisk(packId, storeName, () => this.#remove(packId));
        this.#brokenOff.delete(packId);
      } finally {
        this.#receiving.delete(packId);
      }
    }
  }

  async #remove(packId: PackId): Promise<void> {
    const { folder, files } = this.#options;
    await files.remove(incomingPath(folder, packId, 'part'));
    await files.remove(incomingPath(folder, packId, 'root'));
  }
}
