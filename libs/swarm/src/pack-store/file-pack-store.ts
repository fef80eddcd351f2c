import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { nodeFiles } from '#libs/kernel/node';
import type { PackStaging, PackStore, ReadOptions, SealedPack, StagedPack } from '#libs/vault';
import { SwarmError } from '../errors.ts';
import { leafBytes, maxPackBytes, maxRootBytes } from '../pack-transfer/limits.ts';
import { diskError, isBadPlace, onDisk } from './disk-errors.ts';
import type { LeafMemory } from './leaf-memory.ts';
import { IncomingPacks } from './incoming-packs.ts';
import { PackLocks } from './pack-locks.ts';
import type { PackReceiver, PackSink } from './pack-receiver.ts';
import { assertPackId, corruptLeaf, leafCountOf, readPackRoot } from './pack-root.ts';
import { incomingPath, isShard, parseName, pathOf, stagingFolder } from './paths.ts';
import { verifyPackFile, type VerifyResult } from './verify-pack-file.ts';

export interface FilePackStoreOptions {
  /** For messages: "own packs", "held packs". */
  readonly name?: string;
  readonly files?: DurableFiles;
}

export interface StoredPack {
  readonly packId: PackId;
  readonly sizeBytes: number;
}

export type PackStoreChange = { readonly kind: 'added' | 'deleted'; readonly packId: PackId };

const aboutLimitBytes = 16 * 1024;
/**
 * Packs as flat files: the plain pack bytes (leaf k at k MiB), the small root block, optionally a note about the pack.
 *
 * The rename of the `.pack` file is the moment a pack comes into being: root and note are durable before it, so a crash
 * at any instruction leaves no pack or a whole one. What came before is swept when the store opens. One process per folder.
 * Memory: about 150 bytes a pack, one leaf per reader.
 */
export class FilePackStore implements PackStore, PackSink {
  readonly name: string;
  readonly folder: string;
  readonly staging: PackStaging;
  readonly #files: DurableFiles;
  readonly #sizes = new Map<PackId, number>();
  readonly #locks = new PackLocks();
  readonly #incoming: IncomingPacks;
  readonly #listeners = new Set<(change: PackStoreChange) => void>();
  #bytes = 0;

  private constructor(folder: string, options: FilePackStoreOptions) {
    this.folder = folder;
    this.name = options.name ?? 'local store';
    this.#files = options.files ?? nodeFiles;
    this.#incoming = new IncomingPacks({
      folder,
      storeName: this.name,
      files: this.#files,
      isStored: (packId) => this.#sizes.has(packId),
    });
    const staging = join(folder, stagingFolder);
    this.staging = {
      folder: staging,
      adopt: (pack) => this.#adopt(pack),
      sweep: () => onDisk('' as PackId, this.name, () => this.#files.sweep(staging)),
    };
  }

  /** Reads which packs are there and removes what crashes left. The folder may not exist yet. Throws `store_failed`. */
  static async open(folder: string, options: FilePackStoreOptions = {}): Promise<FilePackStore> {
    const store = new FilePackStore(folder, options);
    try {
      await store.#load();
    } catch (error) {
      throw diskError(error, '' as PackId, store.name);
    }
    return store;
  }

  /** `replace` writes the pack even if it is there: the way to heal a damaged copy; readers see the old file or the new one, whole. */
  async put(pack: SealedPack, options: ReadOptions & { readonly about?: Uint8Array; readonly replace?: boolean } = {}): Promise<void> {
    const { packId, bytes, rootBlock } = pack;
    const root = readPackRoot(packId, rootBlock);
    if (root.sizeBytes !== bytes.length) {
      throw new SwarmError('pack_corrupt', `pack ${packId} has ${bytes.length} bytes, its root says ${root.sizeBytes}`, {
        context: { packId, block: 'size' },
      });
    }
    for (let leaf = 0; leaf < root.leafCount; leaf += 1) {
      options.signal?.throwIfAborted();
      if (!root.verifyLeaf(leaf, bytes.subarray(leaf * leafBytes, (leaf + 1) * leafBytes))) throw corruptLeaf(packId, leaf, this.name);
    }
    await this.#locked(packId, async () => {
      const there = this.#sizes.get(packId);
      if (there !== undefined && !options.replace) return;
      await this.#files.replace(pathOf(this.folder, packId, 'root'), rootBlock);
      if (options.about) await this.#files.replace(pathOf(this.folder, packId, 'about'), options.about);
      await this.#files.replace(pathOf(this.folder, packId, 'pack'), bytes);
      if (there === undefined) this.#add(packId, bytes.length);
      // The old size was the file's on disk, which may have been cut short.
      else if (there !== bytes.length) {
        this.#sizes.set(packId, bytes.length);
        this.#bytes += bytes.length - there;
      }
    });
  }

  /**
   * Takes up a pack that arrives in pieces; leaves verified in an earlier try are there already. `about` is a note (at
   * most 16 KiB) kept beside the pack. Throws `pack_invalid`; `store_failed` (temporary) while another receiver has it.
   */
  async beginReceive(packId: PackId, sizeBytes: number, about?: Uint8Array): Promise<PackReceiver> {
    assertPackId(packId);
    if (!Number.isInteger(sizeBytes) || sizeBytes < 1 || sizeBytes > maxPackBytes) {
      throw new SwarmError('pack_invalid', `no pack has ${sizeBytes} bytes`, { context: { packId, sizeBytes } });
    }
    if (about && about.length > aboutLimitBytes)
      throw new SwarmError('pack_invalid', `the note about pack ${packId} is too long`, { context: { packId } });
    const stored = this.#sizes.get(packId);
    if (stored !== undefined && stored !== sizeBytes) {
      throw new SwarmError('pack_invalid', `pack ${packId} has ${stored} bytes, not ${sizeBytes}`, { context: { packId, sizeBytes } });
    }
    return this.#incoming.receive(packId, sizeBytes, (rootBlock) =>
      this.#locked(packId, () => this.#publishReceived(packId, sizeBytes, rootBlock, about)),
    );
  }

  has(packId: PackId): Promise<boolean> {
    return Promise.resolve(this.#sizes.has(packId));
  }

  size(packId: PackId): Promise<number | undefined> {
    return Promise.resolve(this.#sizes.get(packId));
  }

  async *ids(options: ReadOptions = {}): AsyncGenerator<PackId> {
    for (const { packId } of this.list()) {
      options.signal?.throwIfAborted();
      yield packId;
    }
  }

  /** All packs with their sizes, as they are now. */
  list(): StoredPack[] {
    return Array.from(this.#sizes, ([packId, sizeBytes]) => ({ packId, sizeBytes }));
  }

  totals(): { readonly packs: number; readonly bytes: number } {
    return { packs: this.#sizes.size, bytes: this.#bytes };
  }

  async rootBlock(packId: PackId, options: ReadOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    this.#sizeOrThrow(packId);
    return onDisk(packId, this.name, () => this.#files.read(pathOf(this.folder, packId, 'root'), { maxBytes: maxRootBytes }));
  }

  /** With `memory` or `leafRoom`, leaves stand in memory from there: whoever is done with one may give it back. */
  async *leaves(
    packId: PackId,
    first: number,
    count: number,
    options: ReadOptions & { readonly memory?: LeafMemory } = {},
  ): AsyncGenerator<Uint8Array> {
    const leafCount = leafCountOf(this.#sizeOrThrow(packId));
    if (!Number.isInteger(first) || !Number.isInteger(count) || first < 0 || count < 0 || first + count > leafCount) {
      throw new SwarmError('pack_not_found', `pack ${packId} has ${leafCount} leaves, not ${first} to ${first + count - 1}`, {
        context: { packId, first, count },
      });
    }
    if (count === 0) return;
    const file = await onDisk(packId, this.name, () => this.#files.open(pathOf(this.folder, packId, 'pack')));
    try {
      for (let leaf = first; leaf < first + count; leaf += 1) {
        options.signal?.throwIfAborted();
        yield await onDisk(packId, this.name, () => file.read(leaf * leafBytes, leafBytes, (options.memory ?? options.leafRoom)?.take()));
      }
    } finally {
      await file.close();
    }
  }

  async readSealed(packId: PackId, offset: number, into: Uint8Array, options: ReadOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    this.#sizeOrThrow(packId);
    return onDisk(packId, this.name, async () => {
      const file = await this.#files.open(pathOf(this.folder, packId, 'pack'));
      try {
        return (await file.read(offset, into.length, into)).length === into.length;
      } finally {
        await file.close();
      }
    });
  }

  /** The note given with the pack, or undefined: there is none, or the disk can't give it any more. */
  async about(packId: PackId): Promise<Uint8Array | undefined> {
    if (!this.#sizes.has(packId)) return undefined;
    try {
      return await onDisk(packId, this.name, () => this.#files.read(pathOf(this.folder, packId, 'about'), { maxBytes: aboutLimitBytes }));
    } catch (error) {
      if ((error instanceof SwarmError && error.code === 'pack_not_found') || isBadPlace(error)) return undefined;
      throw error;
    }
  }

  /** Replaces the note beside a stored pack. Throws `pack_not_found`. */
  async setAbout(packId: PackId, about: Uint8Array): Promise<void> {
    await this.#locked(packId, async () => {
      this.#sizeOrThrow(packId);
      await this.#files.replace(pathOf(this.folder, packId, 'about'), about);
    });
  }

  async delete(packId: PackId): Promise<void> {
    await this.#locked(packId, async () => {
      // The pack file first: without it the rest is litter that the next open removes.
      await this.#files.remove(pathOf(this.folder, packId, 'pack'));
      const sizeBytes = this.#sizes.get(packId);
      if (sizeBytes !== undefined) {
        this.#sizes.delete(packId);
        this.#bytes -= sizeBytes;
        this.#tell({ kind: 'deleted', packId });
      }
      await this.#files.remove(pathOf(this.folder, packId, 'root'));
      await this.#files.remove(pathOf(this.folder, packId, 'about'));
    });
  }

  /**
   * Re-reads and re-hashes every byte from the disk. Throws `pack_not_found`, `store_failed`; damage is a result, not an error, and so are places that the disk
   * can't give and a pack file that somebody else removed.
   */
  async verify(packId: PackId, options: ReadOptions = {}): Promise<VerifyResult> {
    const sizeBytes = this.#sizeOrThrow(packId);
    return verifyPackFile({
      packId,
      sizeBytes,
      path: pathOf(this.folder, packId, 'pack'),
      files: this.#files,
      storeName: this.name,
      readRoot: () => this.rootBlock(packId, options),
      signal: options.signal,
    });
  }

  /** Packs that arrived in part and were not finished. */
  async incoming(): Promise<PackId[]> {
    return this.#incoming.list();
  }

  /** Gives up a partly received pack and frees its space. No error when there is none, or when it is being received now. */
  async discardIncoming(packId: PackId): Promise<void> {
    await this.#incoming.discard(packId);
  }

  /** Calls `listener` after each pack that came or went; the result stops that. */
  subscribe(listener: (change: PackStoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #load(): Promise<void> {
    for (const shard of await this.#files.list(this.folder)) {
      if (shard.kind !== 'folder' || !isShard(shard.name)) continue;
      const folder = join(this.folder, shard.name);
      await this.#files.sweep(folder);
      const companions: { packId: PackId; name: string }[] = [];
      for (const entry of await this.#files.list(folder)) {
        const parsed = parseName(entry.name);
        if (!parsed || entry.kind !== 'file') continue;
        if (parsed.part !== 'pack') companions.push({ packId: parsed.packId, name: entry.name });
        else this.#count(parsed.packId, (await this.#files.size(join(folder, entry.name))) ?? 0);
      }
      for (const { packId, name } of companions) if (!this.#sizes.has(packId)) await this.#files.remove(join(folder, name));
    }
    await this.#files.sweep(join(this.folder, stagingFolder));
    await this.#incoming.sweep();
  }

  async #publishReceived(packId: PackId, sizeBytes: number, rootBlock: Uint8Array, about: Uint8Array | undefined): Promise<void> {
    if (this.#sizes.has(packId)) return;
    await this.#files.replace(pathOf(this.folder, packId, 'root'), rootBlock);
    if (about) await this.#files.replace(pathOf(this.folder, packId, 'about'), about);
    await this.#files.move(incomingPath(this.folder, packId, 'part'), pathOf(this.folder, packId, 'pack'));
    this.#add(packId, sizeBytes);
  }

  async #adopt({ packId, rootBlock, sizeBytes, path }: StagedPack): Promise<void> {
    const root = readPackRoot(packId, rootBlock);
    const stagedBytes = await onDisk(packId, this.name, () => this.#files.size(path));
    if (root.sizeBytes !== sizeBytes || stagedBytes !== sizeBytes) {
      throw new SwarmError('pack_corrupt', `pack ${packId} has ${stagedBytes} bytes, its root says ${root.sizeBytes}`, {
        context: { packId, block: 'size' },
      });
    }
    await this.#locked(packId, async () => {
      if (this.#sizes.has(packId)) return this.#files.remove(path);
      const file = await this.#files.openWritable(path);
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#files.replace(pathOf(this.folder, packId, 'root'), rootBlock);
      await this.#files.move(path, pathOf(this.folder, packId, 'pack'));
      this.#add(packId, sizeBytes);
    });
  }

  #sizeOrThrow(packId: PackId): number {
    const sizeBytes = this.#sizes.get(packId);
    if (sizeBytes === undefined)
      throw new SwarmError('pack_not_found', `pack ${packId} is not in ${this.name}`, { context: { packId, store: this.name } });
    return sizeBytes;
  }

  #count(packId: PackId, sizeBytes: number): void {
    this.#sizes.set(packId, sizeBytes);
    this.#bytes += sizeBytes;
  }

  #add(packId: PackId, sizeBytes: number): void {
    this.#count(packId, sizeBytes);
    this.#tell({ kind: 'added', packId });
  }

  #tell(change: PackStoreChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  async #locked(packId: PackId, work: () => Promise<void>): Promise<void> {
    await this.#locks.run(packId, () => onDisk(packId, this.name, work));
  }
}
