import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { deriveVaultKeys, type VaultKeys } from '#libs/crypto';
import type { SnapshotStats } from '#libs/contracts';
import type { VaultId } from '#libs/kernel';
import { isAppError, messageOf, systemClock, systemRandom } from '#libs/kernel';
import type {
  ChunkIds,
  ChunkIndex,
  PackBitmap,
  PackInfo,
  PackTable,
  SnapshotRecord,
  VaultHead,
  VaultHeader,
  VaultReader,
  WrittenPack,
} from '#libs/vault';
import {
  createChunkIds,
  createVault,
  decodeHeader,
  encodeFragments,
  encodeHead,
  encodeSnapshotRecord,
  limits,
  livePackDigest,
  readDirectory,
  rebuildIndex,
  sealPack,
} from '#libs/vault';
import type { CommittedSnapshot } from '../backup/backup-types.ts';
import { EngineError } from '../errors.ts';
import { openReader, type OpenedVault } from '../open-reader.ts';
import { currentPlatform, type FileLock } from '../platform/index.ts';
import type { CreateLocalVaultOptions, LocalVaultOptions } from './local-vault-types.ts';
import { type JournalEntry, SessionJournal } from './session-journal.ts';
import { UncommittedPacks } from './uncommitted-packs.ts';

/** What a finished run says of itself; the vault adds sequence, previous record and end. */
export type NewRecord = Omit<SnapshotRecord, 'sequence' | 'previous' | 'endedAtMs' | 'stats'> & { readonly stats: SnapshotStats };

interface State {
  readonly options: LocalVaultOptions;
  readonly headerBytes: Uint8Array;
  readonly headBytes: Uint8Array;
  readonly head: VaultHead;
  readonly lock: FileLock;
  readonly reader: VaultReader;
}

/**
 * The owner's vault on this machine: `header`, `head`, `session.journal` and a lock in one folder, the packs in a store.
 *
 * Every write is atomic and in the order pack durable → announced → index pack → head, so that a kill between any two
 * leaves a vault that the next run continues: {@link LocalVault.open} finds packs that no committed index names yet, and
 * their chunks count as known. One process at a time.
 */
export class LocalVault {
  #header: VaultHeader;
  readonly keys: VaultKeys;
  readonly chunkIds: ChunkIds;
  readonly options: LocalVaultOptions;
  readonly index: ChunkIndex;
  readonly packs: PackTable;
  readonly reader: VaultReader;
  #headerBytes: Uint8Array;
  #headBytes: Uint8Array;
  #head: VaultHead;
  #latest: SnapshotRecord | undefined;
  #nextOrdinal: number;
  readonly #lock: FileLock;
  readonly #journal: SessionJournal;
  readonly #uncommitted = new UncommittedPacks();
  #found: PackInfo[] = [];

  private constructor(state: State) {
    this.options = state.options;
    this.#headerBytes = state.headerBytes;
    this.#headBytes = state.headBytes;
    this.#head = state.head;
    this.#lock = state.lock;
    this.reader = state.reader;
    this.#header = state.reader.header;
    this.index = state.reader.index;
    this.packs = state.reader.packs;
    this.keys = deriveVaultKeys(state.options.masterKey, this.header.epoch);
    this.chunkIds = createChunkIds(state.options.primitives, this.keys.chunkId);
    this.#nextOrdinal = state.head.nextOrdinal;
    this.#journal = new SessionJournal(state.options.files, journalPath(state.options.folder));
  }

  /** Makes the header with its key slots and an empty head. Throws `vault_exists`, `vault_busy`. */
  static async create(options: CreateLocalVaultOptions): Promise<LocalVault> {
    const { files, folder, primitives, masterKey, signingKeyPair, slots, parameters } = options;
    const lock = await takeLock(options);
    try {
      if ((await files.size(headerPath(folder))) !== undefined)
        throw new EngineError('vault_exists', 'there is a vault in this folder already', { context: { folder } });
      const clock = options.clock ?? systemClock;
      const random = options.random ?? systemRandom;
      const { headerBytes, vaultId } = await createVault({
        primitives,
        random,
        nowMs: clock.nowMs(),
        masterKey,
        signingKeyPair,
        slots,
        ...(parameters && { parameters }),
      });
      const head: VaultHead = {
        vaultId,
        sequence: 1,
        writtenAtMs: clock.nowMs(),
        indexPacks: [],
        snapshots: [],
        live: livePackDigest(primitives, []),
        nextOrdinal: 0,
        previousHead: undefined,
      };
      // The header last: a folder without one is no vault yet and can be tried again.
      await files.replace(headPath(folder), encodeHead(head, signingKeyPair));
      await files.replace(headerPath(folder), headerBytes);
      return await LocalVault.#load(options, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Throws `vault_not_found`, `vault_busy` (another process has it), `vault_state_corrupt` (no readable head), and what the
   * vault lib throws for a wrong key or damaged index packs.
   */
  static async open(options: LocalVaultOptions): Promise<LocalVault> {
    if ((await options.files.size(headerPath(options.folder))) === undefined) throw noVault(options.folder);
    const lock = await takeLock(options);
    try {
      return await LocalVault.#load(options, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  static async #load(options: LocalVaultOptions, lock: FileLock): Promise<LocalVault> {
    const { files, folder, primitives, masterKey } = options;
    await files.sweep(folder);
    const headerBytes = await files.read(headerPath(folder), { maxBytes: limits.headerBytes });
    const headBytes = await readHead(options);
    const { store, otherSources = [] } = options;
    const opened = await openReader({ primitives, masterKey, headerBytes, headBytes, sources: [store, ...otherSources] });
    const { reader } = opened;
    const vault = new LocalVault({ options, headerBytes, headBytes, head: reader.head, lock, reader });
    await vault.#findUncommitted(opened);
    return vault;
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

  /** Packs that a crash left outside the index and that {@link LocalVault.open} took in. */
  get foundPacks(): readonly PackInfo[] {
    return this.#found;
  }

  /** Every pack of the vault in the local store, index packs included: all of them must have been announced. */
  allPacks(): PackInfo[] {
    return [...this.packs.values()].sort((a, b) => a.ordinal - b.ordinal);
  }

  /** The newest snapshot's record, or undefined in a vault without one. */
  async latest(): Promise<SnapshotRecord | undefined> {
    if (this.#head.snapshots.length === 0) return undefined;
    this.#latest ??= await this.reader.snapshot('latest');
    return this.#latest;
  }

  /**
   * Makes a pack durable, announces it, and from then on its chunks are known. Calls may overlap.
   * The journal is written first, so that no stored pack is ever unknown. Throws `disk_full` when the store is.
   */
  async storePack(pack: WrittenPack): Promise<PackInfo> {
    const ordinal = this.#nextOrdinal;
    this.#nextOrdinal += 1;
    const { packId, kind, sizeBytes, epoch, noncePrefix } = pack;
    const info: PackInfo = { ordinal, packId, kind, sizeBytes, epoch, noncePrefix };
    await this.#journal.add([{ ordinal, packId }]);
    try {
      await this.options.store.put(pack);
    } catch (error) {
      throw storeError(error);
    }
    this.packs.add(info);
    this.index.insertDirectory(ordinal, pack.directory);
    this.#uncommitted.addWritten(info, pack.directory);
    await this.options.onPack?.(info);
    return info;
  }

  /** `needed`: packs of data and trees, index packs left out. Writes the index pack with the delta and the signed record, then the head. The snapshot exists when this resolves. */
  async commit(record: NewRecord, needed: PackBitmap): Promise<{ snapshot: CommittedSnapshot; indexPack: PackInfo }> {
    const { primitives, signingKeyPair, files, folder } = this.options;
    const clock = this.options.clock ?? systemClock;
    const random = this.options.random ?? systemRandom;
    for (const pack of this.#found) await this.options.onPack?.(pack);

    const last = this.#head.snapshots.at(-1);
    const complete: SnapshotRecord = {
      ...record,
      stats: { ...record.stats },
      sequence: (last?.sequence ?? 0) + 1,
      previous: last?.recordId,
      endedAtMs: clock.nowMs(),
    };
    const recordBytes = encodeSnapshotRecord(complete, signingKeyPair);
    const recordId = this.chunkIds.of('record', recordBytes);
    const fragments = encodeFragments(this.#uncommitted.packs, this.#uncommitted.chunks());
    const { compressionLevel, blockHash } = this.header.parameters;
    const sealed = sealPack(
      { primitives, random, vaultId: this.vaultId, keys: this.keys, epoch: this.header.epoch, kind: 'index', compressionLevel, blockHash },
      [
        ...fragments.map((plaintext) => ({ kind: 'indexFragment' as const, id: this.chunkIds.of('indexFragment', plaintext), plaintext })),
        { kind: 'record' as const, id: recordId, plaintext: recordBytes },
      ],
    );
    const indexPack = await this.storePack(sealed);
    const place = [...readDirectory(sealed.directory)].find((entry) => entry.kind === 'record')!;
    const head: VaultHead = {
      vaultId: this.vaultId,
      sequence: this.#head.sequence + 1,
      writtenAtMs: clock.nowMs(),
      indexPacks: [...this.#head.indexPacks, { packId: indexPack.packId, ordinal: indexPack.ordinal, sizeBytes: indexPack.sizeBytes }],
      snapshots: [
        ...this.#head.snapshots,
        {
          sequence: complete.sequence,
          pack: this.#head.indexPacks.length,
          offset: place.offset,
          sealedLength: place.sealedLength,
          plainLength: place.plainLength,
          recordId,
        },
      ],
      live: livePackDigest(
        primitives,
        this.allPacks().map((pack) => pack.packId),
      ),
      nextOrdinal: this.#nextOrdinal,
      previousHead: primitives.blake3(this.#headBytes),
    };
    const headBytes = encodeHead(head, signingKeyPair);
    const snapshot = describe(complete, needed, head, headBytes, indexPack);
    await files.replace(headPath(folder), headBytes);
    this.#head = head;
    this.#headBytes = headBytes;
    this.#latest = complete;
    this.#uncommitted.clear();
    this.#found = [];
    await this.#journal.clear();
    return { snapshot, indexPack };
  }

  /** A snapshot as the coordinator is told, once more: after a crash between commit and report. Throws `snapshot_not_found`. */
  async describeSnapshot(sequence: number | 'latest'): Promise<CommittedSnapshot> {
    const { reader } = await this.openReader();
    const snapshot = await reader.snapshot(sequence);
    return describe(snapshot, await reader.neededPacks(snapshot), this.#head, this.#headBytes);
  }

  /** A reader over the local store at the present head that shares this vault's index: for listing, restore and check. */
  openReader(): Promise<OpenedVault> {
    const { primitives, masterKey, store, otherSources = [] } = this.options;
    const { index, packs } = this;
    return openReader({
      primitives,
      masterKey,
      headerBytes: this.#headerBytes,
      headBytes: this.#headBytes,
      sources: [store, ...otherSources],
      loadedIndex: { index, packs },
    });
  }

  /** Puts changed header bytes (a key slot added or removed) in place. Throws `wrong_vault` when they belong to another. */
  async replaceHeader(headerBytes: Uint8Array): Promise<void> {
    const header = decodeHeader(headerBytes);
    if (header.vaultId !== this.vaultId) throw new EngineError('wrong_vault', 'this header belongs to another vault');
    await this.options.files.replace(headerPath(this.options.folder), headerBytes);
    this.#headerBytes = headerBytes;
    this.#header = header;
  }

  /** Gives the lock back. Nothing needs to be written: whatever counts is on the disk already. */
  async close(): Promise<void> {
    this.#lock.release();
  }

  /** Takes in what an unfinished session stored: its chunks are known from now on, and the next commit indexes them. */
  async #findUncommitted({ blocks, opener }: OpenedVault): Promise<void> {
    const { store } = this.options;
    const stored: JournalEntry[] = [];
    for (const entry of await this.#journal.read()) {
      this.#nextOrdinal = Math.max(this.#nextOrdinal, entry.ordinal + 1);
      const known = this.packs.ordinalOf(entry.packId) !== undefined || this.packs.get(entry.ordinal) !== undefined;
      if (!known && (await store.has(entry.packId))) stored.push(entry);
    }
    if (stored.length === 0) return;
    // A pack that is damaged on the disk is left out: nothing refers to it, so its chunks are simply stored again.
    const found = await rebuildIndex(opener, blocks, stored);
    for (const pack of found.packs.values()) {
      this.packs.add(pack);
      this.#found.push(pack);
    }
    for (const { id, ordinal, offset, sealedLength, plainLength } of found.index.entries()) {
      this.index.insert(id, ordinal, offset, sealedLength, plainLength);
    }
    this.#uncommitted.addFound(found.packs.values(), found.index);
  }
}

function describe(
  record: SnapshotRecord,
  needed: PackBitmap,
  head: VaultHead,
  headBytes: Uint8Array,
  indexPack?: PackInfo,
): CommittedSnapshot {
  // A restore reads every index pack to find the chunks.
  for (const { ordinal } of head.indexPacks) needed.set(ordinal);
  const stats = record.stats as unknown as SnapshotStats;
  return {
    sequence: record.sequence,
    headSequence: head.sequence,
    headBytes,
    neededPacks: deflateSync(needed.toBytes()),
    neededPackCount: needed.count,
    startedAtMs: record.startedAtMs,
    endedAtMs: record.endedAtMs,
    partial: record.partial,
    stats: indexPack ? { ...stats, newPacks: stats.newPacks + 1, newPackBytes: stats.newPackBytes + indexPack.sizeBytes } : stats,
  };
}

const headerPath = (folder: string): string => join(folder, 'header');
const headPath = (folder: string): string => join(folder, 'head');
const journalPath = (folder: string): string => join(folder, 'session.journal');

function noVault(folder: string): EngineError {
  return new EngineError('vault_not_found', 'there is no vault in this folder', {
    context: { folder },
    nextStep: 'Join a team first, or restore the vault header from the coordinator.',
  });
}

async function takeLock(options: LocalVaultOptions): Promise<FileLock> {
  const platform = options.platform ?? currentPlatform();
  const path = join(options.folder, 'lock');
  // An empty file, made through the port so that its folder is there and private.
  if ((await options.files.size(path)) === undefined) await options.files.replace(path, new Uint8Array());
  const lock = await platform.lock(Buffer.from(path));
  if (lock) return lock;
  throw new EngineError('vault_busy', 'another process is working on this vault', {
    status: 'temporary',
    context: { folder: options.folder },
    nextStep: 'Wait until the running backup is over, then try again.',
  });
}

async function readHead({ files, folder }: LocalVaultOptions): Promise<Uint8Array> {
  try {
    return await files.read(headPath(folder), { maxBytes: limits.headBytes });
  } catch (error) {
    if (!isAppError(error, 'file_not_found')) throw error;
    throw new EngineError('vault_state_corrupt', 'the vault has a header but no head', {
      context: { folder },
      nextStep: 'Fetch the head from the coordinator or a holder.',
      cause: error,
    });
  }
}

function storeError(error: unknown): unknown {
  if (!isAppError(error, 'store_full') && !isAppError(error, 'disk_full')) return error;
  return new EngineError('disk_full', messageOf(error), {
    status: 'temporary',
    nextStep: 'Free some space on this disk and run it again: what was sealed so far is kept.',
    cause: error,
  });
}
