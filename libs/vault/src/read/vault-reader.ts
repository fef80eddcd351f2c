import type { Primitives } from '#libs/crypto';
import { equalBytes, isAppError, toHex } from '#libs/kernel';
import type { ChunkKind } from '../chunk/chunk-kind.ts';
import type { ChunkIndex, ChunkLocation } from '../chunk-index/chunk-index.ts';
import { PackBitmap } from '../chunk-index/pack-bitmap.ts';
import type { IndexCacheFile } from '../chunk-index/index-cache.ts';
import type { PackInfo, PackTable } from '../chunk-index/pack-table.ts';
import { VaultError } from '../errors.ts';
import { decodeHead } from '../head/head-codec.ts';
import type { HeadSnapshot, VaultHead } from '../head/vault-head.ts';
import { decodeHeader } from '../header/header-codec.ts';
import { checkBinding } from '../header/key-slots.ts';
import type { VaultHeader } from '../header/vault-header.ts';
import { limits } from '../limits.ts';
import type { ReadOptions } from '../ports.ts';
import { decodeSnapshotRecord, splitPath } from '../snapshot/record-codec.ts';
import type { SnapshotRecord, SnapshotRoot } from '../snapshot/snapshot-record.ts';
import type { TreeEntry } from '../tree/tree-entry.ts';
import { ChunkOpener } from './chunk-opener.ts';
import { ChunkReader, type LocatedChunk, type ReadChunk } from './chunk-reader.ts';
import { type FileChunk, type FilePiece, type FileRange, FileReader } from './file-reader.ts';
import { isComplete, type LoadedIndex, loadIndex, loadIndexCached } from './load-index.ts';
import { contentLost } from './lost-content.ts';
import { folderAbove, pathNames, printablePath, resolvePath, type SnapshotPath } from './snapshot-path.ts';
import { type ReadTreeOptions, type StoredPart, TreeReader } from './tree-reader.ts';
import type { VerifiedBlocks } from './verified-blocks.ts';

export interface OpenVaultOptions extends ReadOptions {
  readonly primitives: Primitives;
  readonly masterKey: Uint8Array;
  readonly headerBytes: Uint8Array;
  readonly headBytes: Uint8Array;
  readonly blocks: VerifiedBlocks;
  /** The owner's device key, where it is known from elsewhere (roster). A header of another device is refused. */
  readonly expectedSigningKey?: Uint8Array | undefined;
  /** An index that is at hand already (rebuilt, or kept by the engine), instead of the one that the head names. */
  readonly loadedIndex?: LoadedIndex | undefined;
  /** Kept between openings, so that only new index packs are read. */
  readonly indexCache?: IndexCacheFile | undefined;
}

/** A snapshot and the id of its record. */
export interface Snapshot extends SnapshotRecord {
  readonly recordId: Uint8Array;
}

export interface WalkOptions extends ReadOptions {
  /** Asked about each folder after it was yielded; false: what is in it is left out. */
  readonly enters?: (folder: TreeEntry) => boolean;
  /** Hears of a folder (names from the top) whose list can't be read to its end; without it the walk ends with that error. */
  readonly onUnreadable?: (path: readonly Uint8Array[], error: unknown) => void;
}

export interface WalkedEntry {
  /** Names from the top of the file system, as bytes. */
  readonly path: readonly Uint8Array[];
  /** The backed-up folder that it is in, and how many of the names are that folder's own path. */
  readonly root: SnapshotRoot;
  readonly rootDepth: number;
  readonly entry: TreeEntry;
}

/**
 * Reads a vault in Node and in a browser: snapshots, folders, files. Everything that it returns has been checked against
 * the pack ids, the seals, the keyed ids and the device's signature, whatever the sources did.
 */
export class VaultReader {
  readonly header: VaultHeader;
  readonly head: VaultHead;
  /** Whether the index knows exactly the packs that the head counts as live. False: something was left out. */
  readonly complete: boolean;
  readonly #chunks: ChunkReader;
  readonly #trees: TreeReader;
  readonly #files: FileReader;

  private constructor(header: VaultHeader, head: VaultHead, chunks: ChunkReader, complete: boolean) {
    this.header = header;
    this.head = head;
    this.complete = complete;
    this.#chunks = chunks;
    this.#trees = new TreeReader(chunks);
    this.#files = new FileReader(chunks);
  }

  /** Throws `wrong_key`, `bad_signature`, `bad_header`, `bad_head`, `index_corrupt`, or what {@link VerifiedBlocks} throws. */
  static async open(options: OpenVaultOptions): Promise<VaultReader> {
    const { primitives, masterKey, blocks } = options;
    const header = decodeHeader(options.headerBytes);
    if (options.expectedSigningKey && !equalBytes(options.expectedSigningKey, header.signingPublicKey)) {
      throw new VaultError('bad_signature', `the header of vault ${header.vaultId} is signed by another device than its owner`, {
        context: { vaultId: header.vaultId },
      });
    }
    checkBinding(primitives, header, masterKey, 'wrong_key');
    const head = decodeHead(options.headBytes, header.signingPublicKey);
    if (head.vaultId !== header.vaultId)
      throw new VaultError('bad_head', `the head is that of vault ${head.vaultId}, not of ${header.vaultId}`);
    const opener = new ChunkOpener(primitives, masterKey, header.vaultId);
    const { indexCache } = options;
    const load = (): Promise<LoadedIndex> =>
      indexCache ? loadIndexCached(primitives, opener, blocks, head, indexCache, options) : loadIndex(opener, blocks, head, options);
    const { index, packs } = options.loadedIndex ?? (await load());
    const complete = isComplete(primitives, head, packs);
    return new VaultReader(header, head, new ChunkReader({ index, packs, blocks, opener }), complete);
  }

  get index(): ChunkIndex {
    return this.#chunks.index;
  }

  get packs(): PackTable {
    return this.#chunks.packs;
  }

  /** What everything is read through, and what opens it: for those who read packs in their own order. */
  get blocks(): VerifiedBlocks {
    return this.#chunks.blocks;
  }

  get opener(): ChunkOpener {
    return this.#chunks.opener;
  }

  /** All snapshots, oldest first. */
  async *snapshots(options: ReadOptions = {}): AsyncGenerator<Snapshot> {
    for (const one of this.head.snapshots) yield await this.#record(one, options);
  }

  /**
   * The newest snapshot that speaks for all of `paths` (none: for the whole machine): one of everything, or one of named paths
   * when all are at or below those. One of everything whose folders are elsewhere gives way to an older one of named paths. Where
   * nothing fits, the newest of everything, else the newest. Reads records from the newest back. Throws `snapshot_not_found`.
   */
  async latest(paths: readonly SnapshotPath[] = [], options: ReadOptions = {}): Promise<Snapshot> {
    const wanted = paths.map(pathNames);
    let newest: Snapshot | undefined;
    let ofEverything: Snapshot | undefined;
    for (const one of this.head.snapshots.toReversed()) {
      const snapshot = await this.#record(one, options);
      newest ??= snapshot;
      const targets = wanted.map((names) => resolvePath(snapshot, names)?.kind);
      if (snapshot.adHoc === true) {
        if (targets.length > 0 && targets.every((kind) => kind === 'root')) return snapshot;
        continue;
      }
      if (!ofEverything && targets.every((kind) => kind !== undefined)) return snapshot;
      ofEverything ??= snapshot;
    }
    return ofEverything ?? newest ?? this.snapshot('latest', options);
  }

  /** `latest`: the newest of all, whatever it is of; see {@link latest}. Throws `snapshot_not_found`. */
  async snapshot(sequence: number | 'latest', options: ReadOptions = {}): Promise<Snapshot> {
    const { snapshots } = this.head;
    const found = sequence === 'latest' ? snapshots.at(-1) : snapshots.find((one) => one.sequence === sequence);
    if (!found && sequence === 'latest')
      throw new VaultError('snapshot_not_found', 'the vault has no snapshot yet', { nextStep: 'A backup makes one.' });
    if (!found) throw new VaultError('snapshot_not_found', `the vault has no snapshot ${sequence}`);
    return this.#record(found, options);
  }

  /**
   * What is in a folder; `/` leads to the backed-up folders. Throws `path_not_found`, `invalid_input` for a file, `content_lost` at the end where
   * names are missing.
   */
  async *list(snapshot: Snapshot, path: SnapshotPath, options: ReadOptions = {}): AsyncGenerator<TreeEntry> {
    const names = pathNames(path);
    const target = resolvePath(snapshot, names);
    if (target?.kind === 'above') {
      const seen = new Set<string>();
      for (const { root, names: rootNames } of target.roots) {
        const name = rootNames[names.length]!;
        const key = toHex(name);
        if (!seen.has(key)) yield rootNames.length === names.length + 1 ? { ...root.entry, name } : folderAbove(name);
        seen.add(key);
      }
      return;
    }
    const entry = await this.entry(snapshot, names, options);
    if (entry.type !== 'directory') throw new VaultError('invalid_input', `${printablePath(names)} is a ${entry.type}, not a folder`);
    if (!entry.tree)
      throw new VaultError(
        'not_captured',
        `the folder ${printablePath(names)} could not be read when this snapshot was made (${entry.error ?? 'unknown'})`,
      );
    let lost = false;
    const onLostPart = snapshot.lost && ((): void => void (lost = true));
    yield* this.#trees.entries(entry.tree, { ...options, onLostPart });
    if (lost) throw contentLost(snapshot, names);
  }

  /** One entry. That of a backed-up folder carries the folder's own name. Throws `path_not_found`, `content_lost`. */
  async entry(snapshot: Snapshot, path: SnapshotPath, options: ReadOptions = {}): Promise<TreeEntry> {
    const names = pathNames(path);
    const target = resolvePath(snapshot, names);
    const missing = (): VaultError => new VaultError('path_not_found', `snapshot ${snapshot.sequence} has no ${printablePath(names)}`);
    if (!target) throw missing();
    const ownName = names.at(-1) ?? new Uint8Array(0);
    if (target.kind === 'above') return folderAbove(ownName);
    let entry: TreeEntry = {
      ...target.root.entry,
      name: target.below.length === 0 ? ownName : (splitPath(target.root.path).at(-1) ?? new Uint8Array(0)),
    };
    for (const name of target.below) {
      const child: TreeEntry | undefined =
        entry.tree && (await orLost(snapshot, names, () => this.#trees.find(entry.tree!, name, options)));
      if (!child) throw missing();
      entry = child;
    }
    return entry;
  }

  /**
   * The entry at `path` and everything below, folders before what is in them, names in byte order. Memory: one part of
   * a directory for each level. A folder that could not be captured is yielded and not entered. Where a list of names can't be read,
   * `onUnreadable` hears of it and the walk goes on beside it. What a repair marked as lost is left out, and `onUnreadable` hears of it too.
   */
  async *walk(snapshot: Snapshot, path: SnapshotPath = '/', options: WalkOptions = {}): AsyncGenerator<WalkedEntry> {
    const names = pathNames(path);
    const target = resolvePath(snapshot, names);
    if (!target) throw new VaultError('path_not_found', `snapshot ${snapshot.sequence} has no ${printablePath(names)}`);
    if (target.kind === 'above') {
      for (const { names: rootNames } of target.roots) yield* this.walk(snapshot, rootNames, options);
      return;
    }
    const { root } = target;
    const rootDepth = names.length - target.below.length;
    const start = await this.entry(snapshot, names, options);
    yield { path: names, root, rootDepth, entry: start };
    const open: { readonly path: readonly Uint8Array[]; readonly entries: AsyncGenerator<TreeEntry> }[] = [];
    const enter = (entryPath: readonly Uint8Array[], entry: TreeEntry): void => {
      if (open.length >= limits.treeDepth) throw new VaultError('limit_exceeded', `folders are nested deeper than ${limits.treeDepth}`);
      const onLostPart = (): void => options.onUnreadable?.(entryPath, contentLost(snapshot, entryPath));
      if (entry.tree && options.enters?.(entry) !== false)
        open.push({ path: entryPath, entries: this.#trees.entries(entry.tree, snapshot.lost ? { ...options, onLostPart } : options) });
    };
    enter(names, start);
    while (open.length > 0) {
      options.signal?.throwIfAborted();
      const folder = open.at(-1)!;
      const next = await this.#nextOf(folder, options);
      if (next.done) {
        open.pop();
        continue;
      }
      const entryPath = [...folder.path, next.value.name];
      yield { path: entryPath, root, rootDepth, entry: next.value };
      enter(entryPath, next.value);
    }
  }

  readTree(treeId: Uint8Array, options: ReadTreeOptions = {}): AsyncGenerator<TreeEntry> {
    return this.#trees.entries(treeId, options);
  }

  /** The same as they are stored, part by part, each asked for when the one before is done with. Throws as {@link readTree} does, but what an entry says is only looked at when it is asked for. */
  storedEntries(treeId: Uint8Array, options: ReadOptions = {}): AsyncGenerator<StoredPart> {
    return this.#trees.stored(treeId, options);
  }

  /** Bytes of a file in order, holes as zeros. Throws `not_captured`, `tree_corrupt`, `chunk_not_found`, `chunk_corrupt`. */
  readFile(entry: TreeEntry, range: FileRange = {}): AsyncGenerator<Uint8Array> {
    return this.#files.bytes(entry, range);
  }

  /** The same with holes marked instead of filled. */
  readPieces(entry: TreeEntry, range: FileRange = {}): AsyncGenerator<FilePiece> {
    return this.#files.pieces(entry, range);
  }

  /** A file's chunks and their places in its content. */
  chunksOf(entry: TreeEntry, options: ReadOptions = {}): AsyncGenerator<FileChunk> {
    return this.#files.chunksOf(entry, options);
  }

  /** The same all at once. */
  allChunksOf(entry: TreeEntry, options: ReadOptions = {}): Promise<readonly FileChunk[]> {
    return this.#files.allChunksOf(entry, options);
  }

  locate(id: Uint8Array): ChunkLocation | undefined {
    return this.index.lookup(id);
  }

  /** Throws `index_corrupt` when the index names a pack that it does not describe. */
  packOf(location: Pick<ChunkLocation, 'ordinal'>): PackInfo {
    return this.#chunks.packOf(location);
  }

  readChunk(kind: ChunkKind, id: Uint8Array, options: ReadOptions = {}): Promise<Uint8Array> {
    return this.#chunks.read(kind, id, options);
  }

  /** Several chunks, pack by pack in order of offset, near ones in one request; each yielded once. */
  readChunks(kind: ChunkKind, chunks: Iterable<LocatedChunk>, options: ReadOptions = {}): AsyncGenerator<ReadChunk> {
    return this.#chunks.readMany(kind, chunks, options);
  }

  /**
   * The ordinals of all packs that a full restore of this snapshot reads, index packs included. Walks its trees. What is marked as lost needs none.
   * Throws `chunk_not_found` for what is lost and not marked.
   */
  async neededPacks(snapshot: Snapshot, options: ReadOptions = {}): Promise<PackBitmap> {
    const needed = new PackBitmap();
    for (const pack of this.head.indexPacks) needed.set(pack.ordinal);
    const seen = new Set<string>();
    const trees: Uint8Array[] = [];
    const need = (kind: ChunkKind, id: Uint8Array): boolean => {
      if (snapshot.lost && !this.locate(id)) return false;
      needed.set(this.#chunks.locate(kind, id).ordinal);
      return true;
    };
    const visit = async (entry: TreeEntry): Promise<void> => {
      if (entry.tree && !seen.has(toHex(entry.tree))) {
        seen.add(toHex(entry.tree));
        trees.push(entry.tree);
      }
      if (!entry.content) return;
      for await (const id of this.#files.listIds(entry.content, options)) if (!need('chunkList', id)) return;
      for await (const id of this.#files.ids(entry.content, options)) need('data', id);
    };
    for (const root of snapshot.roots) await visit(root.entry);
    for (let tree = trees.pop(); tree; tree = trees.pop()) {
      options.signal?.throwIfAborted();
      if (!need('tree', tree)) continue;
      for await (const id of this.#trees.chunkIds(tree, options)) need('tree', id);
      const onLostPart = snapshot.lost ? () => undefined : undefined;
      for await (const entry of this.#trees.entries(tree, { ...options, onLostPart })) await visit(entry);
    }
    return needed;
  }

  async #nextOf(
    folder: { readonly path: readonly Uint8Array[]; readonly entries: AsyncGenerator<TreeEntry> },
    options: WalkOptions,
  ): Promise<IteratorResult<TreeEntry, unknown>> {
    try {
      return await folder.entries.next();
    } catch (error) {
      if (options.signal?.aborted || !options.onUnreadable || !isAppError(error)) throw error;
      options.onUnreadable(folder.path, error);
      return { done: true, value: undefined };
    }
  }

  async #record(one: HeadSnapshot, options: ReadOptions): Promise<Snapshot> {
    const { packId, ordinal } = this.head.indexPacks[one.pack]!;
    const pack = this.packs.get(ordinal);
    // An index with lost parts was opened all the same.
    if (!pack)
      throw new VaultError(
        'pack_not_found',
        `the record of snapshot ${one.sequence} is in the index pack ${packId}, which nobody at hand has`,
        {
          status: 'temporary',
          context: { packId, sequence: one.sequence },
          nextStep: 'Wait until a holder of this pack is online, then try again; or use an earlier snapshot.',
        },
      );
    const sealed = await this.#chunks.blocks.readRange(packId, one.offset, one.sealedLength, options);
    const record = decodeSnapshotRecord(this.#chunks.opener.open(pack, 'record', one.recordId, one, sealed), this.header.signingPublicKey);
    if (record.sequence !== one.sequence) {
      throw new VaultError('record_corrupt', `the head calls snapshot ${one.sequence} what its record calls ${record.sequence}`, {
        context: { packId, offset: one.offset },
      });
    }
    return { ...record, recordId: one.recordId };
  }
}

/** Where a repair marked the snapshot, what the index does not know is lost, and said to be. */
async function orLost<T>(snapshot: Snapshot, names: readonly Uint8Array[], read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw snapshot.lost && isAppError(error, 'chunk_not_found') ? contentLost(snapshot, names) : error;
  }
}
