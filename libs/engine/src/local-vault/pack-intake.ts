import { isAppError, messageOf, type PackId } from '#libs/kernel';
import type { IndexedChunk, LoadedIndex, PackInfo, VaultHead } from '#libs/vault';
import type { FinishedPack } from '../backup/data-pack-writer.ts';
import { diskFull } from '../errors.ts';
import type { OpenedVault } from '../open-reader.ts';
import type { LocalVaultOptions } from './local-vault-types.ts';
import type { RetiredPack } from './retired-packs.ts';
import { SessionJournal } from './session-journal.ts';
import { UncommittedPacks } from './uncommitted-packs.ts';
import { findUnfinished } from './unfinished-session.ts';
import type { VaultFiles } from './vault-files.ts';

export interface PackIntakeOptions {
  readonly vault: Pick<LocalVaultOptions, 'files' | 'store' | 'onPack'>;
  readonly files: VaultFiles;
  /** The first number that the head says was never used. */
  readonly nextOrdinal: number;
  /** The vault's index as it is at the moment. */
  readonly loaded: () => LoadedIndex;
}

/**
 * Packs on their way into the vault: journalled, durable in the store, announced; from then on their chunks are known, though no index
 * names them before the next commit. What a crash left on this way is taken in again.
 */
export class PackIntake {
  readonly #options: PackIntakeOptions;
  readonly #journal: SessionJournal;
  readonly #uncommitted = new UncommittedPacks();
  /** Journalled, not in the store yet. */
  readonly #onTheirWay = new Map<number, PackId>();
  #nextOrdinal: number;
  #found: PackInfo[] = [];

  constructor(options: PackIntakeOptions) {
    this.#options = options;
    this.#nextOrdinal = options.nextOrdinal;
    this.#journal = new SessionJournal(options.vault.files, options.files.path('session.journal'));
  }

  /** Packs that a crash left outside the index and that {@link takeIn} found. */
  get found(): readonly PackInfo[] {
    return this.#found;
  }

  get nextOrdinal(): number {
    return this.#nextOrdinal;
  }

  /** Packs that no committed index names yet. */
  get uncommitted(): readonly PackInfo[] {
    return this.#uncommitted.packs;
  }

  isUncommitted(ordinal: number): boolean {
    return this.#uncommitted.has(ordinal);
  }

  /**
   * Chunks of uncommitted packs, each at the place where the index in memory finds it, as far as that is one of these packs or a committed one. A chunk may
   * be in two packs; what is written must say what memory says, which goes on deciding what is needed: else a pack goes that only the written index names.
   */
  *chunks(ordinals: ReadonlySet<number>): Generator<IndexedChunk> {
    const { index } = this.#options.loaded();
    for (const chunk of this.#uncommitted.chunks(ordinals)) {
      const known = index.lookup(chunk.id)?.ordinal;
      if (known === undefined || known === chunk.ordinal || (this.#uncommitted.has(known) && !ordinals.has(known))) yield chunk;
    }
  }

  /** See `LocalVault.storePack`. */
  async store(pack: FinishedPack, options: { readonly copies?: boolean }): Promise<PackInfo> {
    const { store, onPack } = this.#options.vault;
    const ordinal = this.#nextOrdinal;
    this.#nextOrdinal += 1;
    const { packId, kind, sizeBytes, epoch, noncePrefix } = pack;
    const info: PackInfo = { ordinal, packId, kind, sizeBytes, epoch, noncePrefix };
    this.#onTheirWay.set(ordinal, packId);
    try {
      await this.#journal.add([{ ordinal, packId }]);
      if ('path' in pack) await store.staging!.adopt(pack);
      else await store.put(pack);
    } catch (error) {
      throw storeError(error);
    } finally {
      this.#onTheirWay.delete(ordinal);
    }
    const { packs, index } = this.#options.loaded();
    packs.add(info);
    // What another run has stored meanwhile stays where it is: snapshots may count on it there.
    if (!options.copies) index.insertDirectory(ordinal, pack.directory, { onlyNew: true });
    this.#uncommitted.addWritten(info, pack.directory);
    await onPack?.(info);
    return info;
  }

  /** See `LocalVault.adopt`. */
  async adopt(pack: PackInfo, directory: Uint8Array): Promise<void> {
    await this.#journal.add([pack]);
    const { packs, index } = this.#options.loaded();
    packs.add(pack);
    index.insertDirectory(pack.ordinal, directory);
    this.#uncommitted.addWritten(pack, directory);
    await this.#options.vault.onPack?.(pack);
  }

  /** See `LocalVault.preferUncommitted`. */
  prefer(): void {
    const { index } = this.#options.loaded();
    const ordinals = new Set(this.#uncommitted.packs.map(({ ordinal }) => ordinal));
    for (const { id, ordinal, offset, sealedLength, plainLength } of this.#uncommitted.chunks(ordinals))
      index.insert(id, ordinal, offset, sealedLength, plainLength);
  }

  /** Announces again those that {@link takeIn} found and that are about to be committed. */
  async announceFound(ordinals: ReadonlySet<number>): Promise<void> {
    for (const pack of this.#found) if (ordinals.has(pack.ordinal)) await this.#options.vault.onPack?.(pack);
  }

  /** These are indexed now, or none of the vault's any more. */
  settled(committed: ReadonlySet<number>, left: ReadonlySet<number>): void {
    this.#uncommitted.remove(new Set([...committed, ...left]));
    this.#found = this.#found.filter(({ ordinal }) => !committed.has(ordinal));
  }

  /** After a commit: what is on its way still stays in the journal. */
  async cutJournal(): Promise<void> {
    await this.#journal.keepOnly(() => {
      const waiting = [...this.#onTheirWay].map(([ordinal, packId]) => ({ ordinal, packId }));
      return [...this.#uncommitted.packs.map(({ ordinal, packId }) => ({ ordinal, packId })), ...waiting];
    });
  }

  /** Takes in what an unfinished session stored: its chunks are known from now on, and the next commit indexes them. */
  async takeIn(opened: OpenedVault, head: VaultHead, retired: readonly RetiredPack[]): Promise<void> {
    const journal = await this.#journal.read();
    for (const { ordinal } of journal) this.#nextOrdinal = Math.max(this.#nextOrdinal, ordinal + 1);
    const found = await findUnfinished(journal, { head, store: this.#options.vault.store, opened, retired });
    if (!found) return;
    const { packs, index } = this.#options.loaded();
    for (const pack of found.packs.values()) {
      packs.add(pack);
      this.#found.push(pack);
    }
    // What a head names stays where the head says: it may be all that ever counts.
    for (const { id, ordinal, offset, sealedLength, plainLength } of found.index.entries())
      if (!index.has(id)) index.insert(id, ordinal, offset, sealedLength, plainLength);
    this.#uncommitted.addFound(found.packs.values(), found.index);
  }
}

function storeError(error: unknown): unknown {
  if (!isAppError(error, 'store_full') && !isAppError(error, 'disk_full')) return error;
  return diskFull(messageOf(error), error);
}
