import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { isAppError, isPackId } from '#libs/kernel';
import { type DurableFiles, nodeFiles } from '#libs/kernel/node';
import { limits, type PackStore, VaultError } from '#libs/vault';

/** Packs as two files each, `<id>` and `<id>.root`: small, for tests and measurements of the engine alone. The agent's store is in `#libs/swarm`. */
export function filePackStore(folder: string, files: DurableFiles = nodeFiles): PackStore {
  const path = (packId: PackId): string => join(folder, packId);
  const missing = (packId: PackId): VaultError => new VaultError('pack_not_found', `pack ${packId} is not in ${folder}`);
  const staging = join(folder, 'staging');
  return {
    name: 'local store',
    staging: {
      folder: staging,
      async adopt({ packId, rootBlock, path: staged }) {
        const file = await files.openWritable(staged);
        try {
          await file.sync();
        } finally {
          await file.close();
        }
        await files.replace(`${path(packId)}.root`, rootBlock);
        await files.move(staged, path(packId));
      },
      sweep: () => files.sweep(staging),
    },
    async put({ packId, bytes, rootBlock }) {
      try {
        await files.replace(`${path(packId)}.root`, rootBlock);
        await files.replace(path(packId), bytes);
      } catch (error) {
        if (isAppError(error, 'disk_full')) throw new VaultError('store_full', error.message, { status: 'temporary', cause: error });
        throw error;
      }
    },
    has: async (packId) => (await files.size(path(packId))) !== undefined,
    size: (packId) => files.size(path(packId)),
    async *ids() {
      for (const { name } of await files.list(folder)) if (isPackId(name)) yield name;
    },
    async delete(packId) {
      await files.remove(path(packId));
      await files.remove(`${path(packId)}.root`);
    },
    async rootBlock(packId) {
      try {
        return await files.read(`${path(packId)}.root`, { maxBytes: limits.rootBlockBytes });
      } catch (error) {
        throw isAppError(error, 'file_not_found') ? missing(packId) : error;
      }
    },
    async *leaves(packId, first, count) {
      let file;
      try {
        file = await files.open(path(packId));
      } catch (error) {
        throw isAppError(error, 'file_not_found') ? missing(packId) : error;
      }
      try {
        for (let leaf = first; leaf < first + count; leaf += 1) yield await file.read(leaf * limits.leafBytes, limits.leafBytes);
      } finally {
        await file.close();
      }
    },
    async readSealed(packId, offset, into) {
      let file;
      try {
        file = await files.open(path(packId));
      } catch (error) {
        throw isAppError(error, 'file_not_found') ? missing(packId) : error;
      }
      try {
        return (await file.read(offset, into.length, into)).length === into.length;
      } finally {
        await file.close();
      }
    },
  };
}
