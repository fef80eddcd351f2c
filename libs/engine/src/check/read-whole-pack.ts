import { messageOf } from '#libs/kernel';
import {
  type ChunkOpener,
  limits,
  openPackDirectory,
  type PackInfo,
  readDirectory,
  type ReadOptions,
  VaultError,
  type VerifiedBlocks,
} from '#libs/vault';
import { throwIfInterrupted } from '../errors.ts';

/**
 * Every block of a pack against its id, and every chunk against its seal. Throws what is wrong with the pack as a whole; answers what is wrong
 * with single chunks, in words. Reads each byte once. Memory: the pack (32 MiB, 128 at most).
 */
export async function readWholePack(
  pack: PackInfo,
  blocks: VerifiedBlocks,
  opener: ChunkOpener,
  options: ReadOptions = {},
): Promise<string[]> {
  const { packId } = pack;
  const { leafCount, sizeBytes } = await blocks.root(packId, options);
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  // All of them: the seals of the chunks don't cover padding.
  for await (const leaf of blocks.leaves(packId, 0, leafCount, options)) {
    bytes.set(leaf, at);
    at += limits.leafBytes;
  }
  const whole = {
    sizeOf: async () => sizeBytes,
    readRange: async (_: unknown, offset: number, length: number) => {
      if (offset + length > sizeBytes)
        throw new VaultError('limit_exceeded', `pack ${packId} has ${sizeBytes} bytes`, { context: { packId } });
      return bytes.subarray(offset, offset + length);
    },
  };
  const { directory } = await openPackDirectory(opener, whole, packId, options);
  const wrong: string[] = [];
  for (const place of readDirectory(directory)) {
    throwIfInterrupted(options.signal);
    const sealed = bytes.subarray(place.offset, place.offset + place.sealedLength);
    try {
      opener.open(pack, place.kind, place.id, place, sealed);
    } catch (error) {
      wrong.push(messageOf(error));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return wrong;
}
