import { ChunkIndex, type ChunkKind, type IndexedChunk, type OpenablePack, type PackInfo } from '#libs/vault';
import { throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { OpenedVault } from '../open-reader.ts';
import { isUnreadable, writerFor } from '../prune/rewrite-packs.ts';

/** Chunks to read out of one pack. */
export interface ChunksOfPack {
  readonly pack: OpenablePack;
  readonly chunks: readonly Omit<IndexedChunk, 'ordinal'>[];
}

export interface CopiedChunks {
  readonly newPacks: readonly PackInfo[];
  readonly copied: number;
  readonly lost: number;
}

/**
 * Whatever can still be read of these packs, each chunk once, opened, verified and sealed anew into packs that are durable and announced when this
 * resolves; no index names them yet. `lost`: what could be read in none of them. A dry run only reads. Throws `disk_full`, `interrupted`. Memory: up to three open packs of the target size, and 58 bytes a chunk.
 */
export async function copyReadable(
  vault: LocalVault,
  { blocks, opener }: OpenedVault,
  sources: readonly ChunksOfPack[],
  options: { readonly dryRun: boolean; readonly signal?: AbortSignal | undefined },
): Promise<CopiedChunks> {
  const newPacks: PackInfo[] = [];
  let copied = 0;
  // The same chunk may be in several packs.
  const done = new ChunkIndex();
  const failed = new ChunkIndex();
  const read = options.signal ? { signal: options.signal } : {};
  for (const packKind of ['data', 'meta'] as const) {
    const writer = writerFor(vault, packKind);
    const store = async (packs: ReturnType<typeof writer.add>): Promise<void> => {
      if (!options.dryRun) for (const pack of packs) newPacks.push(await vault.storePack(pack, { copies: true }));
    };
    for (const { pack, chunks } of sources) {
      if (pack.kind !== packKind) continue;
      for (const chunk of chunks) {
        throwIfInterrupted(options.signal);
        if (done.has(chunk.id)) continue;
        try {
          const sealed = await blocks.readRange(pack.packId, chunk.offset, chunk.sealedLength, read);
          const { kind, plaintext } = openAs(packKind === 'data' ? ['data'] : ['tree', 'chunkList'], (kind) =>
            opener.open(pack, kind, chunk.id, chunk, sealed),
          );
          await store(writer.add(kind, chunk.id, plaintext));
          done.insert(chunk.id, 0, 0, 0, 0);
          copied += 1;
        } catch (error) {
          throwIfInterrupted(options.signal);
          if (!isUnreadable(error)) throw error;
          failed.insert(chunk.id, 0, 0, 0, 0);
        }
      }
    }
    await store(writer.flush());
  }
  let lost = 0;
  for (const { id } of failed.entries()) if (!done.has(id)) lost += 1;
  return { newPacks, copied, lost };
}

/** The index doesn't say which kind a chunk is; the seal does. */
function openAs(
  kinds: readonly ChunkKind[],
  open: (kind: ChunkKind) => Uint8Array,
): { readonly kind: ChunkKind; readonly plaintext: Uint8Array } {
  let failure: unknown;
  for (const kind of kinds) {
    try {
      return { kind, plaintext: open(kind) };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
