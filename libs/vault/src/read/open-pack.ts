import type { PackId } from '#libs/kernel';
import { VaultError } from '../errors.ts';
import { limits, sealOverhead } from '../limits.ts';
import { checkDirectory } from '../pack/pack-directory.ts';
import { decodePackHeader, packHeaderBytes, packTrailerBytes } from '../pack/pack-layout.ts';
import type { ReadOptions } from '../ports.ts';
import type { ChunkOpener, OpenablePack } from './chunk-opener.ts';

/** What {@link openPackDirectory} needs of {@link VerifiedBlocks}; `PackBytes` offers it for a whole pack in memory. */
export interface RangeReader {
  sizeOf(packId: PackId, options?: ReadOptions): Promise<number>;
  readRange(packId: PackId, offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>;
}

export interface OpenedPack extends OpenablePack {
  readonly sizeBytes: number;
  /** Plain and checked; see {@link readDirectory}. */
  readonly directory: Uint8Array;
}

/**
 * Reads what a pack says of itself: header, trailer, directory. Throws `pack_corrupt` naming the region, or
 * `wrong_key` when the pack belongs to another vault.
 */
export async function openPackDirectory(
  opener: ChunkOpener,
  packs: RangeReader,
  packId: PackId,
  options: ReadOptions = {},
): Promise<OpenedPack> {
  const where = `pack ${packId}`;
  const sizeBytes = await packs.sizeOf(packId, options);
  if (sizeBytes < packHeaderBytes + packTrailerBytes + sealOverhead)
    throw new VaultError('pack_corrupt', `${where}: too short for a pack (${sizeBytes} bytes)`, { context: { packId } });
  const header = decodePackHeader(await packs.readRange(packId, 0, packHeaderBytes, options), where);
  if (header.vaultId !== opener.vaultId)
    throw new VaultError('wrong_key', `${where} belongs to vault ${header.vaultId}, not to ${opener.vaultId}`, { context: { packId } });
  const pack: OpenablePack = { packId, kind: header.kind, epoch: header.epoch, noncePrefix: header.noncePrefix };

  const trailerOffset = sizeBytes - packTrailerBytes;
  const trailer = opener.openRegion(
    pack,
    'trailer',
    trailerOffset,
    await packs.readRange(packId, trailerOffset, packTrailerBytes, options),
    undefined,
    'pack_corrupt',
  );
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength);
  const offset = view.getUint32(0, true);
  const length = view.getUint32(4, true);
  if (offset < packHeaderBytes || length < sealOverhead || offset + length > trailerOffset || length > limits.leafBytes) {
    throw new VaultError('pack_corrupt', `${where}: the trailer points outside the pack (${length} bytes at ${offset})`, {
      context: { packId, region: 'trailer', offset: trailerOffset },
    });
  }
  const directory = opener.openRegion(
    pack,
    'directory',
    offset,
    await packs.readRange(packId, offset, length, options),
    undefined,
    'pack_corrupt',
  );
  checkDirectory(directory, offset, where);
  return { ...pack, sizeBytes, directory };
}
