import type { PackId } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { FilePackStore } from './file-pack-store.ts';

/** Several stores seen as one place to serve from: the first that has a pack. */
export class PackStores {
  readonly all: readonly FilePackStore[];

  constructor(stores: readonly FilePackStore[]) {
    this.all = stores;
  }

  /** Throws `pack_not_found`. */
  async storeOf(packId: PackId): Promise<FilePackStore> {
    for (const store of this.all) if (await store.has(packId)) return store;
    throw new SwarmError('pack_not_found', `pack ${packId} is not here`, { context: { packId } });
  }
}
