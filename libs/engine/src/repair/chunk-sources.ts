import { isAppError, type PackId } from '#libs/kernel';
import { ChunkIndex, type IndexedChunk, openPackDirectory, readDirectory } from '#libs/vault';
import { throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { OpenedVault } from '../open-reader.ts';
import type { ChunksOfPack } from './copy-readable.ts';
import type { ExaminedPacks } from './examine-packs.ts';

/** What the index finds in damaged packs of data and trees, and no whole pack has. */
export function chunksOfDamaged(vault: LocalVault, { damaged, found }: ExaminedPacks): ChunksOfPack[] {
  const byPack = new Map<number, IndexedChunk[]>();
  for (const { ordinal, kind } of damaged.values()) if (kind !== 'index') byPack.set(ordinal, []);
  if (byPack.size === 0) return [];
  for (const chunk of vault.index.entries()) if (!found.has(chunk.id)) byPack.get(chunk.ordinal)?.push(chunk);
  return [...byPack].map(([ordinal, chunks]) => ({
    pack: vault.packs.get(ordinal)!,
    chunks: chunks.sort((a, b) => a.offset - b.offset),
  }));
}

/**
 * The same chunks in packs on their way out, such as those that a prune copied the damaged ones from: they are read where the damaged ones can't be. The
 * packs stay on their way.
 */
export async function sameInRetired(
  vault: LocalVault,
  opened: OpenedVault,
  sources: readonly ChunksOfPack[],
  signal: AbortSignal | undefined,
): Promise<ChunksOfPack[]> {
  if (sources.length === 0) return [];
  const wanted = new ChunkIndex();
  for (const { chunks } of sources) for (const { id } of chunks) wanted.insert(id, 0, 0, 0, 0);
  const retired: ChunksOfPack[] = [];
  for (const { packId } of await vault.retiredPacks()) retired.push(...(await chunksIn(opened, packId, (id) => wanted.has(id), signal)));
  return retired;
}

/**
 * Unknown chunks in packs of the own store that no readable index names any more. They are copied instead of the pack taken in as it is: its
 * number is lost with the index, and the coordinator knows it under that one.
 */
export async function chunksOfUnnamed(
  vault: LocalVault,
  opened: OpenedVault,
  { found }: ExaminedPacks,
  signal: AbortSignal | undefined,
): Promise<ChunksOfPack[]> {
  const known = new Set(vault.head.indexPacks.map(({ packId }) => packId));
  for (const { packId } of [...(await vault.retiredPacks()), ...(await vault.lostPacks())]) known.add(packId);
  const isUnknown = (id: Uint8Array): boolean => !vault.index.has(id) && !found.has(id);
  const unnamed: ChunksOfPack[] = [];
  for await (const packId of vault.options.store.ids(signal ? { signal } : {}))
    if (!known.has(packId) && vault.packs.ordinalOf(packId) === undefined)
      unnamed.push(...(await chunksIn(opened, packId, isUnknown, signal)));
  return unnamed;
}

/** The wanted ones of a pack of data or trees. None of one that is gone, damaged or of another vault: no index names it, so nothing gets worse. */
async function chunksIn(
  { blocks, opener }: OpenedVault,
  packId: PackId,
  isWanted: (id: Uint8Array) => boolean,
  signal: AbortSignal | undefined,
): Promise<ChunksOfPack[]> {
  throwIfInterrupted(signal);
  try {
    const pack = await openPackDirectory(opener, blocks, packId, signal ? { signal } : {});
    if (pack.kind === 'index') return [];
    const chunks = [...readDirectory(pack.directory)].filter(({ id }) => isWanted(id)).map((place) => ({ ...place, id: place.id.slice() }));
    return chunks.length > 0 ? [{ pack, chunks }] : [];
  } catch (error) {
    throwIfInterrupted(signal);
    if (!isAppError(error)) throw error;
    return [];
  }
}
