import type { PackId } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { PackStore, ReadOptions, SealedPack } from '../ports.ts';

export interface MemoryPackStore extends PackStore {
  /** The stored packs themselves, so that a test can alter a byte. */
  readonly packs: Map<PackId, { bytes: Uint8Array; rootBlock: Uint8Array }>;
}

/** A pack store in memory. `capacityBytes`: beyond it, `put` throws `store_full`. */
export function memoryPackStore(options: { readonly name?: string; readonly capacityBytes?: number } = {}): MemoryPackStore {
  const packs: MemoryPackStore['packs'] = new Map();
  const find = (packId: PackId): { bytes: Uint8Array; rootBlock: Uint8Array } => {
    const pack = packs.get(packId);
    if (!pack) throw new VaultError('pack_not_found', `pack ${packId} is not here`, { context: { packId } });
    return pack;
  };
  return {
    name: options.name ?? 'memory',
    packs,
    async put(pack: SealedPack, { signal }: ReadOptions = {}) {
      signal?.throwIfAborted();
      const used = [...packs.values()].reduce((sum, one) => sum + one.bytes.length, 0);
      if (!packs.has(pack.packId) && used + pack.bytes.length > (options.capacityBytes ?? Infinity))
        throw new VaultError('store_full', 'the memory store is full');
      packs.set(pack.packId, { bytes: pack.bytes.slice(), rootBlock: pack.rootBlock.slice() });
    },
    async has(packId) {
      return packs.has(packId);
    },
    async size(packId) {
      return packs.get(packId)?.bytes.length;
    },
    async *ids({ signal }: ReadOptions = {}) {
      for (const packId of packs.keys()) {
        signal?.throwIfAborted();
        yield packId;
      }
    },
    async delete(packId) {
      packs.delete(packId);
    },
    async rootBlock(packId, { signal } = {}) {
      signal?.throwIfAborted();
      return find(packId).rootBlock.slice();
    },
    async *leaves(packId, first, count, { signal } = {}) {
      const { bytes } = find(packId);
      for (let leaf = first; leaf < first + count; leaf += 1) {
        signal?.throwIfAborted();
        yield bytes.slice(leaf * limits.leafBytes, (leaf + 1) * limits.leafBytes);
      }
    },
  };
}
