import { deriveVaultKeys, type VaultKeys } from '#libs/crypto';
import type { SnapshotStats } from '#libs/contracts';
import type { Clock, PackId, RandomSource, VaultId } from '#libs/kernel';
import { isAppError, messageOf, Mutex, systemClock, systemRandom } from '#libs/kernel';
import type { ChunkIds, PackBitmap, PackInfo, SnapshotRecord, VaultHead, VaultHeader, VaultReader } from '#libs/vault';
import {
  ChunkIndex,
  createChunkIds,
  decodeHeader,
  encodeFragments,
  encodeHead,
  encodeSnapshotRecord,
  type LoadedIndex,
  PackTable,
  readDirectory,
} from '#libs/vault';
import type { CommittedSnapshot } from '../backup/backup-types.ts';
import type { FinishedPack } from '../backup/data-pack-writer.ts';
import { diskFull, EngineError } from '../errors.ts';
import { openReader, type OpenedVault } from '../open-reader.ts';
import type { FileLock } from '../platform/index.ts';
import { createVaultFiles } from './create-vault-files.ts';
import { describeSnapshot } from './describe-snapshot.ts';
import { sealIndexPacks } from './index-packs.ts';
import type { CreateLocalVaultOptions, LocalVaultOptions } from './local-vault-types.ts';
import { indexCacheFile } from './index-cache-file.ts';
import { type HeadChange, nextHead, type PlacedRecord } from './next-head.ts';
import { type LostPack, LostPacks } from './lost-packs.ts';
import { type RetiredPack, RetiredPacks } from './retired-packs.ts';
import { SessionGate } from './session-gate.ts';
import { SessionJournal } from './session-journal.ts';
import { UncommittedPacks } from './uncommitted-packs.ts';
import { findUnfinished } from './unfinished-session.ts';
import { noVault, VaultFiles } from './vault-files.ts';

/** What a finished run says of itself; the vault adds sequence, previous record and end. */
export type NewRecord = Omit<SnapshotRecord, 'sequence' | 'previous' | 'endedAtMs' | 'stats'> & { readonly stats: SnapshotStats };

/** Everything that one new head brings. */
export interface VaultChange extends Omit<HeadChange, 'newIndexPacks' | 'records'> {
  /** Packs that become part of the vault, by ordinal; others that no index names yet stay in the journal. */
  readonly include: ReadonlySet<number>;
  /** Merged fragments, to stand before that of the included packs. */
  readonly fragments?: readonly Uint8Array[];
  /** Plain records to store: a new one, or those of an index pack that is replaced. */
  readonly records?: readonly { readonly sequence: number; readonly plaintext: Uint8Array }[];
  /** Packs that the vault does without from now on. */
  readonly retire?: readonly { readonly pack: PackInfo; readonly reason: RetiredPack['reason'] }[];
  /**
   * Packs that no source has whole. The vault does without them like without those that retire, but nobody may release or delete them: a
   * machine that is away may bring one back, see {@link LocalVault.lostPacks}.
   */
  readonly lose?: readonly LostPack[];
  /** Whether a pack is on enough other machines already: what is retired waits for all of the vault that is not. Default: none is. */
  readonly isProtected?: (packId: PackId) => boolean;
}

/**
 * The owner's vault on this machine: `header`, `head`, `session.journal`, `retired`, `lost` and a lock in one folder, the packs in a store.
 *
 * Every write is atomic and in the order pack durable → announced → index pack → lists of retired and of lost packs → head → journal, so
 * that a kill between any two leaves a vault that the next run continues: {@link LocalVault.open} finds packs that no committed
 * index names yet, and their chunks count as known. One process at a time; in it, backups (see {@link sessions}), readers and
 * a prune side by side.
 */
export class LocalVault {
  readonly options: LocalVaultOptions;
  readonly keys: VaultKeys;
  readonly chunkIds: ChunkIds;
  /** Whoever relies on chunks that are known is in a session meanwhile. */
  readonly sessions = new SessionGate();
  readonly #files: VaultFiles;
  readonly #lock: FileLock;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #journal: SessionJournal;
  readonly #retired: RetiredPacks;
  readonly #lost: LostPacks;
  readonly #uncommitted = new UncommittedPacks();
  /** Journalled, not in the store yet. */
  readonly #onTheirWay = new Map<number, PackId>();
  readonly #commits = new Mutex();
  #header: VaultHeader;
  #headerBytes: Uint8Array;
  #head: VaultHead;
  #headBytes: Uint8Array;
  #reader: VaultReader;
  #nextOrdinal: number;
  #found: PackInfo[] = [];

  private constructor(options: LocalVaultOptions, files: VaultFiles, lock: FileLock, documents: Documents, reader: VaultReader) {
    this.options = options;
    this.#files = files;
    this.#lock = lock;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#headerBytes = documents.headerBytes;
    this.#headBytes = documents.headBytes;
    this.#reader = reader;
    this.#header = reader.header;
    this.#head = reader.head;
    this.keys = deriveVaultKeys(options.masterKey, this.header.epoch);
    this.chunkIds = createChunkIds(options.primitives, this.keys.chunkId);
    this.#nextOrdinal = reader.head.nextOrdinal;
    this.#journal = new SessionJournal(options.files, files.path('session.journal'));
    this.#retired = new RetiredPacks(options.files, files.path('retired'));
    this.#lost = new LostPacks(options.files, files.path('lost'));
  }

  /** Makes the header with its key slots and an empty head. Throws `vault_exists`, `vault_busy`. */
  static async create(options: CreateLocalVaultOptions): Promise<LocalVault> {
    return LocalVault.#locked(options, (files) => createVaultFiles(options, files));
  }

  /**
   * Throws `vault_not_found`, `vault_busy` (another process has it), `vault_state_corrupt` (no readable head), and what the
   * vault lib throws for a wrong key or damaged index packs.
   */
  static async open(options: LocalVaultOptions): Promise<LocalVault> {
    if (!(await new VaultFiles(options).exists())) throw noVault(options.folder);
    return LocalVault.#locked(options, async () => undefined);
  }

  static async #locked(options: LocalVaultOptions, prepare: (files: VaultFiles) => Promise<void>): Promise<LocalVault> {
    const files = new VaultFiles(options);
    const lock = await files.lock();
    try {
      await prepare(files);
      await files.sweep();
      const documents = { headerBytes: await files.readHeader(), headBytes: await files.readHead() };
      const indexCache = indexCacheFile(options.files, files.path('index.cache'));
      const opened = await openReader({
        ...options,
        ...documents,
        sources: [options.store, ...(options.otherSources ?? [])],
        indexCache,
        ...(options.despiteLostIndexPacks && { salvageFrom: async function* () {} }),
      });
      const vault = new LocalVault(options, files, lock, documents, opened.reader);
      await vault.#takeInUnfinished(opened);
      return vault;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get vaultId(): VaultId {
    return this.header.vaultId;
  }

  /** As decoded from {@link headerBytes}; follows {@link replaceHeader}. */
  get header(): VaultHeader {
    return this.#header;
  }

  get headerBytes(): Uint8Array {
    return this.#headerBytes;
  }

  get head(): VaultHead {
    return this.#head;
  }

  get headBytes(): Uint8Array {
    return this.#headBytes;
  }

  /** Every known chunk. Another object after packs were retired, so it is asked for anew by every session. */
  get index(): ChunkIndex {
    return this.#reader.index;
  }

  get packs(): PackTable {
    return this.#reader.packs;
  }

  /** For trees and chunks by id; its head may be an older one, see {@link openReader}. */
  get reader(): VaultReader {
    return this.#reader;
  }

  /** Packs that a crash left outside the index and that {@link LocalVault.open} took in. */
  get foundPacks(): readonly PackInfo[] {
    return this.#found;
  }

  /** Every pack of the vault in the local store, index packs included: all of them must have been announced. */
  allPacks(): PackInfo[] {
    return [...this.packs.values()].sort((a, b) => a.ordinal - b.ordinal);
  }

  /** Whether no committed index names the pack yet. */
  isUncommitted(ordinal: number): boolean {
    return this.#uncommitted.has(ordinal);
  }

  /** The newest snapshot's record, or undefined in a vault without one. */
  async latest(): Promise<SnapshotRecord | undefined> {
    if (this.#head.snapshots.length === 0) return undefined;
    return (await this.openReader()).reader.snapshot('latest');
  }

  /**
   * Makes a pack durable, announces it, and from then on its chunks are known. Calls may overlap.
   * The journal is written first, so that no stored pack is ever unknown. `copies`: its chunks are known already and are found where they
   * were until {@link preferUncommitted}. Throws `disk_full` when the store is.
   */
  async storePack(pack: FinishedPack, options: { readonly copies?: boolean } = {}): Promise<PackInfo> {
    const ordinal = this.#nextOrdinal;
    this.#nextOrdinal += 1;
    const { packId, kind, sizeBytes, epoch, noncePrefix } = pack;
    const info: PackInfo = { ordinal, packId, kind, sizeBytes, epoch, noncePrefix };
    this.#onTheirWay.set(ordinal, packId);
    try {
      await this.#journal.add([{ ordinal, packId }]);
      if ('path' in pack) await this.options.store.staging!.adopt(pack);
      else await this.options.store.put(pack);
    } catch (error) {
      throw storeError(error);
    } finally {
      this.#onTheirWay.delete(ordinal);
    }
    this.packs.add(info);
    if (!options.copies) this.index.insertDirectory(ordinal, pack.directory);
    this.#uncommitted.addWritten(info, pack.directory);
    await this.options.onPack?.(info);
    return info;
  }

  /** From now on chunks are found in the packs that no index names yet, where these have them: before what they were copied from retires. */
  preferUncommitted(): void {
    const ordinals = new Set(this.#uncommitted.packs.map(({ ordinal }) => ordinal));
    for (const { id, ordinal, offset, sealedLength, plainLength } of this.#uncommitted.chunks(ordinals))
      this.index.insert(id, ordinal, offset, sealedLength, plainLength);
  }

  /** `needed`: packs of data and trees, index packs left out. Writes the index pack with the delta and the signed record, then the head. The snapshot exists when this resolves. */
  async commit(record: NewRecord, needed: PackBitmap): Promise<{ snapshot: CommittedSnapshot; indexPacks: PackInfo[] }> {
    return this.#commits.run(async () => {
      const last = this.#head.snapshots.at(-1);
      const complete: SnapshotRecord = {
        ...record,
        stats: { ...record.stats },
        sequence: (last?.sequence ?? 0) + 1,
        previous: last?.recordId,
        endedAtMs: this.#clock.nowMs(),
      };
      const indexPacks = await this.#write({
        include: new Set(this.#uncommitted.packs.map(({ ordinal }) => ordinal)),
        records: [{ sequence: complete.sequence, plaintext: encodeSnapshotRecord(complete, this.options.signingKeyPair) }],
      });
      return { snapshot: describeSnapshot(complete, needed, this.#head, this.#headBytes, indexPacks), indexPacks };
    });
  }

  /**
   * Writes a head with other changes than a new snapshot's. What retires packs must run in `sessions.alone`. Returns the index
   * packs that it took. Throws `vault_changed`.
   */
  async change(change: VaultChange): Promise<PackInfo[]> {
    return this.#commits.run(() => this.#write(change));
  }

  /** Packs on their way out that are really none of the vault's any more. */
  async retiredPacks(): Promise<RetiredPack[]> {
    const packs = await this.#retired.read();
    return packs.filter(({ packId, headSequence }) => headSequence <= this.#head.sequence && this.packs.ordinalOf(packId) === undefined);
  }

  /** Changes that list; entries that were never retired after all are dropped. */
  async updateRetired(update: (packs: readonly RetiredPack[]) => readonly RetiredPack[]): Promise<void> {
    await this.#commits.run(async () => this.#retired.write(update(await this.retiredPacks())));
  }

  /** Packs that a repair found lost and that no head counts since. Throws `vault_state_corrupt`. */
  async lostPacks(): Promise<LostPack[]> {
    return (await this.#lost.read()).filter(({ packId }) => this.packs.ordinalOf(packId) === undefined);
  }

  /** Takes a pack back in that is durable in the store, under the number that it always had; the next change that includes it indexes it. */
  async adopt(pack: PackInfo, directory: Uint8Array): Promise<void> {
    await this.#journal.add([pack]);
    this.packs.add(pack);
    this.index.insertDirectory(pack.ordinal, directory);
    this.#uncommitted.addWritten(pack, directory);
    await this.options.onPack?.(pack);
  }

  /** A snapshot as the coordinator is told, once more: after a crash between commit and report. Throws `snapshot_not_found`. */
  async describeSnapshot(sequence: number | 'latest'): Promise<CommittedSnapshot> {
    const { reader } = await this.openReader();
    const snapshot = await reader.snapshot(sequence);
    return describeSnapshot(snapshot, await reader.neededPacks(snapshot), this.#head, this.#headBytes);
  }

  /** A reader over the local store at the present head that shares this vault's index: for listing, restore and check. */
  openReader(): Promise<OpenedVault> {
    return this.#open({ index: this.index, packs: this.packs });
  }

  /** Puts changed header bytes (a key slot added or removed) in place. Throws `wrong_vault` when they belong to another. */
  async replaceHeader(headerBytes: Uint8Array): Promise<void> {
    const header = decodeHeader(headerBytes);
    if (header.vaultId !== this.vaultId) throw new EngineError('wrong_vault', 'this header belongs to another vault');
    await this.#files.replaceHeader(headerBytes);
    this.#headerBytes = headerBytes;
    this.#header = header;
  }

  /** Gives the lock back. Nothing needs to be written: whatever counts is on the disk already. */
  async close(): Promise<void> {
    this.#lock.release();
  }

  #open(loadedIndex: LoadedIndex): Promise<OpenedVault> {
    const { primitives, masterKey, store, otherSources = [] } = this.options;
    const documents = { headerBytes: this.#headerBytes, headBytes: this.#headBytes };
    return openReader({ primitives, masterKey, ...documents, sources: [store, ...otherSources], loadedIndex });
  }

  async #write(change: VaultChange): Promise<PackInfo[]> {
    const { primitives, signingKeyPair } = this.options;
    for (const pack of this.#found) if (change.include.has(pack.ordinal)) await this.options.onPack?.(pack);
    const included = this.#uncommitted.packs.filter(({ ordinal }) => change.include.has(ordinal));
    const delta =
      included.length > 0 || (change.records ?? []).length > 0 ? encodeFragments(included, this.#uncommitted.chunks(change.include)) : [];
    const indexPacks: PackInfo[] = [];
    const records: PlacedRecord[] = [];
    const plaintexts = (change.records ?? []).map(({ plaintext }) => plaintext);
    const sequences = new Map((change.records ?? []).map((one) => [keyOf(this.chunkIds.of('record', one.plaintext)), one.sequence]));
    for (const sealed of sealIndexPacks(this.#sealing(), [...(change.fragments ?? []), ...delta], plaintexts)) {
      const pack = await this.storePack(sealed);
      indexPacks.push(pack);
      for (const place of readDirectory(sealed.directory))
        if (place.kind === 'record') records.push({ sequence: sequences.get(keyOf(place.id))!, ordinal: pack.ordinal, place });
    }

    const committed = new Set([...included, ...indexPacks].map(({ ordinal }) => ordinal));
    const retired = (change.retire ?? []).map(({ pack }) => pack.ordinal);
    const retire = new Set([...retired, ...(change.lose ?? []).map(({ ordinal }) => ordinal)]);
    const live = this.allPacks().filter((p) => !retire.has(p.ordinal) && (committed.has(p.ordinal) || !this.#uncommitted.has(p.ordinal)));
    const head = nextHead(
      primitives,
      { head: this.#head, bytes: this.#headBytes },
      { ...change, newIndexPacks: indexPacks, records },
      { nowMs: this.#clock.nowMs(), nextOrdinal: this.#nextOrdinal, live: live.map(({ packId }) => packId) },
    );
    const headBytes = encodeHead(head, signingKeyPair);
    if (retired.length > 0) await this.#listRetired(change, head.sequence, live);
    if ((change.lose ?? []).length > 0) await this.#lost.add(change.lose!);
    await this.#files.replaceHead(headBytes, this.#headBytes);
    this.#head = head;
    this.#headBytes = headBytes;
    this.#uncommitted.remove(new Set([...committed, ...retire]));
    this.#found = this.#found.filter(({ ordinal }) => !committed.has(ordinal));
    if (retire.size > 0) await this.#leaveOut(retire);
    const waiting = [...this.#onTheirWay].map(([ordinal, packId]) => ({ ordinal, packId }));
    await this.#journal.keepOnly([...this.#uncommitted.packs.map(({ ordinal, packId }) => ({ ordinal, packId })), ...waiting]);
    return indexPacks;
  }

  #sealing() {
    return {
      primitives: this.options.primitives,
      random: this.#random,
      header: this.header,
      keys: this.keys,
      chunkIds: this.chunkIds,
    };
  }

  /** Before the head drops them: a pack that no head names must be on the list. */
  async #listRetired({ retire = [], isProtected }: VaultChange, headSequence: number, live: readonly PackInfo[]): Promise<void> {
    const waitsFor = live.map(({ packId }) => packId).filter((packId) => !isProtected?.(packId));
    const entries = retire.map(({ pack: { packId, ordinal, sizeBytes }, reason }) => ({
      ...{ packId, ordinal, sizeBytes, reason, headSequence, waitsFor },
    }));
    await this.#retired.write([...(await this.retiredPacks()), ...entries]);
  }

  /** From now on nobody finds a chunk in these packs. Readers that are open keep the index that they have. */
  async #leaveOut(ordinals: ReadonlySet<number>): Promise<void> {
    const loaded: LoadedIndex = { index: new ChunkIndex(this.index.size), packs: new PackTable() };
    for (const pack of this.packs.values()) if (!ordinals.has(pack.ordinal)) loaded.packs.add(pack);
    for (const { id, ordinal, offset, sealedLength, plainLength } of this.index.entries())
      if (!ordinals.has(ordinal)) loaded.index.insert(id, ordinal, offset, sealedLength, plainLength);
    this.#reader = (await this.#open(loaded)).reader;
  }

  /** Takes in what an unfinished session stored: its chunks are known from now on, and the next commit indexes them. */
  async #takeInUnfinished(opened: OpenedVault): Promise<void> {
    const journal = await this.#journal.read();
    for (const { ordinal } of journal) this.#nextOrdinal = Math.max(this.#nextOrdinal, ordinal + 1);
    const { store } = this.options;
    const found = await findUnfinished(journal, { head: this.#head, store, opened, retired: await this.retiredPacks() });
    if (!found) return;
    for (const pack of found.packs.values()) {
      this.packs.add(pack);
      this.#found.push(pack);
    }
    // What a head names stays where the head says: it may be all that ever counts.
    for (const { id, ordinal, offset, sealedLength, plainLength } of found.index.entries())
      if (!this.index.has(id)) this.index.insert(id, ordinal, offset, sealedLength, plainLength);
    this.#uncommitted.addFound(found.packs.values(), found.index);
  }
}

interface Documents {
  readonly headerBytes: Uint8Array;
  readonly headBytes: Uint8Array;
}

const keyOf = (id: Uint8Array): string => Buffer.from(id).toString('base64');

function storeError(error: unknown): unknown {
  if (!isAppError(error, 'store_full') && !isAppError(error, 'disk_full')) return error;
  return diskFull(messageOf(error), error);
}
