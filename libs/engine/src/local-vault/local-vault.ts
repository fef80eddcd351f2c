import { deriveVaultKeys, type VaultKeys } from '#libs/crypto';
import type { Clock, RandomSource, VaultId } from '#libs/kernel';
import { Mutex, systemClock, systemRandom } from '#libs/kernel';
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
import { EngineError } from '../errors.ts';
import { openReader, type OpenedVault } from '../open-reader.ts';
import type { FileLock } from '../platform/index.ts';
import { createVaultFiles } from './create-vault-files.ts';
import { describeSnapshot } from './describe-snapshot.ts';
import { sealIndexPacks } from './index-packs.ts';
import type { CreateLocalVaultOptions, LocalVaultOptions, NewRecord, VaultChange } from './local-vault-types.ts';
import { indexCacheFile } from './index-cache-file.ts';
import { nextHead, type PlacedRecord } from './next-head.ts';
import { type LostPack, LostPacks } from './lost-packs.ts';
import { type RetiredPack, RetiredPacks } from './retired-packs.ts';
import { SessionGate } from './session-gate.ts';
import { PackIntake } from './pack-intake.ts';
import { noVault, VaultFiles } from './vault-files.ts';

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
  readonly #retired: RetiredPacks;
  readonly #lost: LostPacks;
  readonly #intake: PackIntake;
  readonly #commits = new Mutex();
  #header: VaultHeader;
  #headerBytes: Uint8Array;
  #head: VaultHead;
  #headBytes: Uint8Array;
  #reader: VaultReader;

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
    const loaded = (): LoadedIndex => ({ index: this.index, packs: this.packs });
    this.#intake = new PackIntake({ vault: options, files, nextOrdinal: reader.head.nextOrdinal, loaded });
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
      await vault.#intake.takeIn(opened, vault.head, await vault.retiredPacks());
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
    return this.#intake.found;
  }

  /** Every pack of the vault in the local store, index packs included: all of them must have been announced. */
  allPacks(): PackInfo[] {
    return [...this.packs.values()].sort((a, b) => a.ordinal - b.ordinal);
  }

  /** Whether no committed index names the pack yet. */
  isUncommitted(ordinal: number): boolean {
    return this.#intake.isUncommitted(ordinal);
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
  storePack(pack: FinishedPack, options: { readonly copies?: boolean } = {}): Promise<PackInfo> {
    return this.#intake.store(pack, options);
  }

  /** From now on chunks are found in the packs that no index names yet, where these have them: before what they were copied from retires. */
  preferUncommitted(): void {
    this.#intake.prefer();
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
        include: new Set(this.#intake.uncommitted.map(({ ordinal }) => ordinal)),
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
  adopt(pack: PackInfo, directory: Uint8Array): Promise<void> {
    return this.#intake.adopt(pack, directory);
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

  /** Everything that one new head brings, in the order of the class comment. */
  async #write(change: VaultChange): Promise<PackInfo[]> {
    await this.#intake.announceFound(change.include);
    const included = this.#intake.uncommitted.filter(({ ordinal }) => change.include.has(ordinal));
    const { indexPacks, records } = await this.#storeIndexPacks(change, included);
    const committed = new Set([...included, ...indexPacks].map(({ ordinal }) => ordinal));
    const { retire = [], lose = [] } = change;
    const leaving = new Set([...retire.map(({ pack }) => pack.ordinal), ...lose.map(({ ordinal }) => ordinal)]);
    const live = this.allPacks().filter(
      ({ ordinal }) => !leaving.has(ordinal) && (committed.has(ordinal) || !this.#intake.isUncommitted(ordinal)),
    );
    const head = nextHead(
      this.options.primitives,
      { head: this.#head, bytes: this.#headBytes },
      { ...change, newIndexPacks: indexPacks, records },
      { nowMs: this.#clock.nowMs(), nextOrdinal: this.#intake.nextOrdinal, live: live.map(({ packId }) => packId) },
    );
    const headBytes = encodeHead(head, this.options.signingKeyPair);
    // Before the head drops them: a pack that no head names must be on a list. Where packs are lost, too: what a stopped run has listed and no head has
    // retired goes off it, or a lost one of these would be taken for retired from now on.
    if (leaving.size > 0) await this.#retired.write([...(await this.retiredPacks()), ...retiredBy(change, head.sequence, live)]);
    if (lose.length > 0) await this.#lost.add(lose);
    await this.#files.replaceHead(headBytes, this.#headBytes);
    this.#head = head;
    this.#headBytes = headBytes;
    this.#intake.settled(committed, leaving);
    // From now on nobody finds a chunk in these packs. Readers that are open keep the index that they have.
    if (leaving.size > 0) this.#reader = (await this.#open(withoutPacks(this, leaving))).reader;
    await this.#intake.cutJournal();
    return indexPacks;
  }

  async #storeIndexPacks(
    change: VaultChange,
    included: readonly PackInfo[],
  ): Promise<{ readonly indexPacks: PackInfo[]; readonly records: PlacedRecord[] }> {
    const { fragments = [], records: written = [] } = change;
    const delta = included.length > 0 || written.length > 0 ? encodeFragments(included, this.#intake.chunks(change.include)) : [];
    const sequences = new Map(written.map((one) => [keyOf(this.chunkIds.of('record', one.plaintext)), one.sequence]));
    const indexPacks: PackInfo[] = [];
    const records: PlacedRecord[] = [];
    const plaintexts = written.map(({ plaintext }) => plaintext);
    for (const sealed of sealIndexPacks(this.#sealing(), [...fragments, ...delta], plaintexts)) {
      const pack = await this.storePack(sealed);
      indexPacks.push(pack);
      for (const place of readDirectory(sealed.directory))
        if (place.kind === 'record') records.push({ sequence: sequences.get(keyOf(place.id))!, ordinal: pack.ordinal, place });
    }
    return { indexPacks, records };
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
}

interface Documents {
  readonly headerBytes: Uint8Array;
  readonly headBytes: Uint8Array;
}

const keyOf = (id: Uint8Array): string => Buffer.from(id).toString('base64');

function retiredBy({ retire = [], isProtected }: VaultChange, headSequence: number, live: readonly PackInfo[]): RetiredPack[] {
  const waitsFor = live.map(({ packId }) => packId).filter((packId) => !isProtected?.(packId));
  return retire.map(({ pack: { packId, ordinal, sizeBytes }, reason }) => ({
    ...{ packId, ordinal, sizeBytes, reason, headSequence, waitsFor },
  }));
}

function withoutPacks({ index, packs }: LoadedIndex, ordinals: ReadonlySet<number>): LoadedIndex {
  const left: LoadedIndex = { index: new ChunkIndex(index.size), packs: new PackTable() };
  for (const pack of packs.values()) if (!ordinals.has(pack.ordinal)) left.packs.add(pack);
  for (const { id, ordinal, offset, sealedLength, plainLength } of index.entries())
    if (!ordinals.has(ordinal)) left.index.insert(id, ordinal, offset, sealedLength, plainLength);
  return left;
}
