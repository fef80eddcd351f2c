import type { Blockstore } from 'interface-blockstore';
import { NotFoundError } from 'interface-store';

/**
 * The same blocks, none of which is there while `mayGiveOut` says no. Bitswap remembers what a peer once asked for and answers it later, over streams that
 * were opened before, so that only the look at the block itself comes at the moment that counts.
 */
export function whileGivenOut(blockstore: Blockstore, mayGiveOut: () => boolean): Blockstore {
  const look = (): void => {
    if (!mayGiveOut()) throw new NotFoundError('nothing is given out here at the moment');
  };
  return {
    has: async (cid, options) => mayGiveOut() && (await blockstore.has(cid, options)),
    async *get(cid, options) {
      look();
      yield* blockstore.get(cid, options);
    },
    async *getMany(source, options) {
      for await (const pair of blockstore.getMany(source, options)) {
        look();
        yield pair;
      }
    },
    async *getAll(options) {
      for await (const pair of blockstore.getAll(options)) {
        look();
        yield pair;
      }
    },
    put: (cid, block, options) => blockstore.put(cid, block, options),
    putMany: (source, options) => blockstore.putMany(source, options),
    delete: (cid, options) => blockstore.delete(cid, options),
    deleteMany: (source, options) => blockstore.deleteMany(source, options),
  };
}
