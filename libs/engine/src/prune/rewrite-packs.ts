import type { PackInfo, WrittenPack } from '#libs/vault';
import { openPackDirectory, PackWriter, readDirectory } from '#libs/vault';
import { type AppError, isAppError, messageOf, systemRandom } from '#libs/kernel';
import { throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { OpenedVault } from '../open-reader.ts';
import type { UsedChunks } from './mark-used.ts';
import type { PlannedRewrite } from './plan-prune.ts';

export interface RewriteResult {
  /** Everything that is needed of them stands in the new packs. */
  readonly rewritten: readonly PackInfo[];
  readonly newPacks: readonly PackInfo[];
  /** They could not be read whole and stay as they are. */
  readonly failed: readonly { readonly pack: PackInfo; readonly message: string }[];
}

/**
 * Copies what is needed of some packs into new ones, opened, verified and sealed anew under the vault's present key. The new packs
 * are durable and announced when this resolves; no index names them yet. Memory: up to four open packs of the target size.
 */
export async function rewritePacks(
  vault: LocalVault,
  { blocks, opener }: OpenedVault,
  used: UsedChunks,
  plan: readonly PlannedRewrite[],
  options: { readonly signal?: AbortSignal | undefined; readonly onChunk?: (sealedBytes: number) => void },
): Promise<RewriteResult> {
  const newPacks: PackInfo[] = [];
  const rewritten: PackInfo[] = [];
  const failed: { pack: PackInfo; message: string }[] = [];
  const store = async (packs: readonly WrittenPack[]): Promise<void> => {
    for (const pack of packs) newPacks.push(await vault.storePack(pack, { copies: true }));
  };
  for (const kind of ['data', 'meta'] as const) {
    const writer = writerFor(vault, kind);
    try {
      for (const { pack } of plan) {
        if (pack.kind !== kind) continue;
        try {
          const opened = await openPackDirectory(opener, blocks, pack.packId, options.signal ? { signal: options.signal } : {});
          for (const entry of readDirectory(opened.directory)) {
            throwIfInterrupted(options.signal);
            // A chunk that the index finds elsewhere is not this pack's to carry on.
            if (!used.has(entry.id) || vault.index.lookup(entry.id)?.ordinal !== pack.ordinal) continue;
            const sealed = await blocks.readRange(pack.packId, entry.offset, entry.sealedLength);
            await store(writer.add(entry.kind, entry.id, opener.open(opened, entry.kind, entry.id, entry, sealed)));
            options.onChunk?.(entry.sealedLength);
          }
          rewritten.push(pack);
        } catch (error) {
          if (!isUnreadable(error)) throw error;
          failed.push({ pack, message: messageOf(error) });
        }
      }
    } finally {
      // What was copied is of use even when the run ends here.
      await store(writer.flush());
    }
  }
  return { rewritten, newPacks, failed };
}

const unreadable = new Set<string>([
  'pack_corrupt',
  'block_corrupt',
  'chunk_corrupt',
  'pack_not_found',
  'source_unavailable',
  'limit_exceeded',
]);

/** What is wrong with one pack or chunk that is read: a run goes on without it. What is wrong with the store or the signal stops the run. */
export const isUnreadable = (error: unknown): error is AppError => isAppError(error) && unreadable.has(error.code);

/** Packs of copies, under the present key and the vault's sizes. */
export function writerFor(vault: LocalVault, kind: 'data' | 'meta'): PackWriter {
  const { options, vaultId, keys, header } = vault;
  const { dataPackBytes, metaPackBytes, compressionLevel, blockHash } = header.parameters;
  return new PackWriter({
    ...{ primitives: options.primitives, random: options.random ?? systemRandom, vaultId, keys, epoch: header.epoch, kind },
    ...{ compressionLevel, blockHash, targetBytes: kind === 'data' ? dataPackBytes : metaPackBytes },
    openPacks: kind === 'data' ? 2 : 1,
  });
}
