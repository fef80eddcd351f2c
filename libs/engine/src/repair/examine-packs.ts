import { isAppError, messageOf } from '#libs/kernel';
import {
  ChunkIndex,
  mergeFragment,
  openPackDirectory,
  type PackInfo,
  PackTable,
  readDirectory,
  readFragments,
  type ReadOptions,
} from '#libs/vault';
import { readWholePack } from '../check/read-whole-pack.ts';
import { EngineError, throwIfInterrupted } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';
import type { OpenedVault } from '../open-reader.ts';
import type { DamagedPack } from './repair-types.ts';

export interface ExaminedPacks {
  /** By ordinal: no source has them whole. Index packs of the head included. */
  readonly damaged: ReadonlyMap<number, DamagedPack>;
  /** Ordinals that the readable index packs describe. */
  readonly described: ReadonlySet<number>;
  /** Whole packs of the vault that no readable index pack describes, or not as they are, or that have what the index finds in a damaged one. */
  readonly undescribed: readonly PackInfo[];
  /**
   * What these hold, apart from the vault's index: as long as no index pack says it, a chunk that a backup took for known could not be found again
   * after a restart.
   */
  readonly found: ChunkIndex;
  readonly packs: number;
}

/** Which packs of the vault can be read at all. Changes nothing. Memory: one index pack, the directory of one pack, and what undescribed packs hold. */
export async function examinePacks(
  vault: LocalVault,
  { blocks, opener }: OpenedVault,
  options: {
    readonly readData: boolean;
    readonly signal?: AbortSignal | undefined;
    readonly onPack: (packId: string) => void;
  },
): Promise<ExaminedPacks> {
  const { head } = vault;
  const read: ReadOptions = options.signal ? { signal: options.signal } : {};
  const damaged = new Map<number, DamagedPack>();
  const described = new Set<number>();
  const undescribed: PackInfo[] = [];
  const found = new ChunkIndex();
  /** Whole packs, and the others in which the index finds chunks that they have too. */
  const doubled: { readonly pack: PackInfo; readonly others: ReadonlySet<number> }[] = [];
  let packs = 0;

  const attempt = async (pack: Omit<DamagedPack, 'reason'>, work: () => Promise<string | undefined>): Promise<void> => {
    throwIfInterrupted(options.signal);
    packs += 1;
    options.onPack(pack.packId);
    const { packId, ordinal, sizeBytes, kind } = pack;
    const reason = await work().catch((error: unknown) => {
      throwIfInterrupted(options.signal);
      if (!isAppError(error)) throw error;
      return messageOf(error);
    });
    if (reason !== undefined) damaged.set(ordinal, { packId, ordinal, sizeBytes, kind, reason });
  };

  for (const indexPack of head.indexPacks) {
    await attempt({ ...indexPack, kind: 'index' }, async () => {
      const { pack, fragments } = await readFragments(opener, blocks, indexPack, read);
      if (options.readData) {
        const [wrong] = await readWholePack({ ...pack, ordinal: indexPack.ordinal }, blocks, opener, read);
        if (wrong !== undefined) return wrong;
      }
      const table = new PackTable();
      for (const fragment of fragments) mergeFragment(fragment, table, new ChunkIndex());
      for (const { ordinal } of table.values()) described.add(ordinal);
      return undefined;
    });
  }
  const named = new Set(head.indexPacks.map(({ ordinal }) => ordinal));
  for (const pack of vault.allPacks()) {
    if (named.has(pack.ordinal)) continue;
    await attempt(pack, async () => {
      const { directory, sizeBytes } = await openPackDirectory(opener, blocks, pack.packId, read);
      if (sizeBytes !== pack.sizeBytes) return `has ${sizeBytes} bytes, the index says ${pack.sizeBytes}`;
      if (options.readData) {
        const [wrong] = await readWholePack(pack, blocks, opener, read);
        if (wrong !== undefined) return wrong;
      }
      const others = described.has(pack.ordinal) ? indexedElsewhere(vault.index, pack.ordinal, directory) : undefined;
      if (vault.isUncommitted(pack.ordinal)) return undefined;
      if (others) {
        if (others.size > 0) doubled.push({ pack, others });
        return undefined;
      }
      undescribed.push(pack);
      found.insertDirectory(pack.ordinal, directory);
      return undefined;
    });
  }
  for (const { pack, others } of doubled) {
    if (![...others].some((ordinal) => damaged.has(ordinal))) continue;
    throwIfInterrupted(options.signal);
    // Read a moment ago, and opened again rather than kept.
    const { directory } = await openPackDirectory(opener, blocks, pack.packId, read);
    undescribed.push(pack);
    for (const { id, offset, sealedLength, plainLength } of readDirectory(directory)) {
      const known = vault.index.lookup(id);
      if (known && (known.ordinal === pack.ordinal || damaged.has(known.ordinal)))
        found.insert(id, pack.ordinal, offset, sealedLength, plainLength);
    }
  }
  if (packs > 0 && damaged.size === packs && !(await hasOthers(vault, damaged))) {
    throw new EngineError('vault_state_corrupt', `none of the ${packs} packs of this vault can be read`, {
      nextStep: 'See whether the disk with the packs is there, then run it again. Nothing was changed.',
    });
  }
  return { damaged, described, undescribed, found, packs };
}

/** Whether the own store has packs beside these: then it is there, and the index alone is lost. */
async function hasOthers(vault: LocalVault, damaged: ReadonlyMap<number, DamagedPack>): Promise<boolean> {
  const known = new Set([...damaged.values()].map(({ packId }) => packId));
  for await (const packId of vault.options.store.ids()) if (!known.has(packId)) return true;
  return false;
}

/** The other packs in which the index finds chunks of this one; undefined when it does not know a chunk, or has it otherwise. */
function indexedElsewhere(index: ChunkIndex, ordinal: number, directory: Uint8Array): ReadonlySet<number> | undefined {
  const others = new Set<number>();
  for (const { kind, id, offset, sealedLength, plainLength } of readDirectory(directory)) {
    if (kind !== 'data' && kind !== 'tree' && kind !== 'chunkList') continue;
    const known = index.lookup(id);
    if (!known) return undefined;
    if (known.ordinal !== ordinal) others.add(known.ordinal);
    else if (known.offset !== offset || known.sealedLength !== sealedLength || known.plainLength !== plainLength) return undefined;
  }
  return others;
}
