import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { Mutex } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { nodeFiles } from '#libs/kernel/node';
import type { PackStaging, PackStore, ReadOptions, SealedPack, StagedPack } from '#libs/vault';
import { SwarmError } from '../errors.ts';
import { leafBytes, maxPackBytes, maxRootBytes } from '../pack-transfer/limits.ts';
import { diskError, isBadPlace, onDisk } from './disk-errors.ts';
import type { LeafMemory } from './leaf-memory.ts';
import { FilePackReceiver } from './file-pack-receiver.ts';
import type { PackReceiver, PackSink } from './pack-receiver.ts';
import { assertPackId, corruptLeaf, leafCountOf, readPackRoot } from './pack-root.ts';
import { incomingFolder, incomingPath, isShard, parseName, pathOf, stagingFolder } from './paths.ts';

export interface FilePackStoreOptions {
  /** For messages: "own packs", "held packs". */
  readonly name?: string;
  readonly files?: DurableFiles;
}

export interface StoredPack {
  readonly packId: PackId;
  readonly sizeBytes: number;
}

export interface VerifyResult {
  /** True when every byte of the pack is what its id says. */
  readonly whole: boolean;
  /** `root` when the root block is missing or altered, numbers of altered leaves; empty when whole. What the disk can't give any more counts as altered. */
  readonly damaged: readonly ('root' | 'size' | number)[];
}

export type PackStoreChange = { readonly kind: 'added' | 'deleted'; readonly packId: PackId };

const aboutLimitBytes = 16 * 1024;
/** Packs of which a part is kept for the next try: what an evening of closing laptops breaks off. A part has up to 128 MiB, and most are fetched elsewhere then. */
const keptIncoming = 8;

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
  readonly #locks = new Map<PackId, { mutex: Mutex; users: number }>();
  readonly #receiving = new Set<PackId>();
  /** Broken off by this process, the latest last. */
  readonly #brokenOff = new Set<PackId>();
  readonly #listeners = new Set<(change: PackStoreChange) => void>();
  #bytes = 0;

  private constructor(folder: string, options: FilePackStoreOptions) {
    this.folder = folder;
    this.name = options.name ?? 'local store';
    this.#files = options.files ?? nodeFiles;
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
    if (this.#receiving.has(packId)) {
      throw new SwarmError('store_failed', `pack ${packId} is being received already`, { status: 'temporary', context: { packId } });
    }
    this.#receiving.add(packId);
    try {
      if (stored === undefined) await this.#makeRoom(packId);
      return await onDisk(packId, this.name, () =>
        FilePackReceiver.open(
          { packId, sizeBytes, folder: this.folder, files: this.#files, storeName: this.name, stored: stored !== undefined },
          {
            publish: (rootBlock) => this.#locked(packId, () => this.#publishReceived(packId, sizeBytes, rootBlock, about)),
            released: () => {
              this.#receiving.delete(packId);
              this.#brokenOff.delete(packId);
              if (!this.#sizes.has(packId)) this.#brokenOff.add(packId);
            },
          },
        ),
      );
    } catch (error) {
      this.#receiving.delete(packId);
      throw error;
    }
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

  /** The note given with the pack, or undefined. */
  async about(packId: PackId): Promise<Uint8Array | undefined> {
    if (!this.#sizes.has(packId)) return undefined;
    try {
      return await onDisk(packId, this.name, () => this.#files.read(pathOf(this.folder, packId, 'about'), { maxBytes: aboutLimitBytes }));
    } catch (error) {
      if (error instanceof SwarmError && error.code === 'pack_not_found') return undefined;
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
    let root;
    try {
      root = readPackRoot(packId, await this.rootBlock(packId, options));
    } catch (error) {
      if ((error instanceof SwarmError && ['pack_corrupt', 'pack_not_found', 'pack_invalid'].includes(error.code)) || isBadPlace(error))
        return { whole: false, damaged: ['root'] };
      throw error;
    }
    const onDiskBytes = await onDisk(packId, this.name, () => this.#files.size(pathOf(this.folder, packId, 'pack')));
    if (onDiskBytes === undefined) return { whole: false, damaged: ['size'] };
    const damaged: ('size' | number)[] = [];
    if (onDiskBytes !== root.sizeBytes || sizeBytes !== root.sizeBytes) damaged.push('size');
    const file = await onDisk(packId, this.name, () => this.#files.open(pathOf(this.folder, packId, 'pack')));
    try {
      for (let leaf = 0; leaf < root.leafCount; leaf += 1) {
        options.signal?.throwIfAborted();
        const bytes = await onDisk(packId, this.name, () => file.read(leaf * leafBytes, leafBytes)).catch((error: unknown) => {
          if (isBadPlace(error)) return undefined;
          throw error;
        });
        if (!bytes || !root.verifyLeaf(leaf, bytes)) damaged.push(leaf);
      }
    } finally {
      await file.close();
    }
    return { whole: damaged.length === 0, damaged };
  }

  /** Packs that arrived in part and were not finished. */
  async incoming(): Promise<PackId[]> {
    const entries = await this.#files.list(join(this.folder, incomingFolder));
    return [...new Set(entries.flatMap((entry) => parseName(entry.name)?.packId ?? []))];
  }

  /** Gives up what was broken off longest ago, so that what nobody ever fetches to its end does not fill the disk. */
  async #makeRoom(coming: PackId): Promise<void> {
    const left = (await onDisk(coming, this.name, () => this.incoming())).filter(
      (packId) => packId !== coming && !this.#receiving.has(packId),
    );
    for (const packId of this.#brokenOff) if (!left.includes(packId)) this.#brokenOff.delete(packId);
    if (left.length < keptIncoming) return;
    const lately = [...this.#brokenOff];
    const oldestFirst = left.sort((a, b) => lately.indexOf(a) - lately.indexOf(b));
    for (const packId of oldestFirst.slice(0, left.length - keptIncoming + 1)) {
      if (this.#receiving.has(packId)) continue;
      // Nobody takes it up while it goes.
      this.#receiving.add(packId);
      try {
        await onDisk(packId, this.name, () => this.#removeIncoming(packId));
        this.#brokenOff.delete(packId);
      } finally {
        this.#receiving.delete(packId);
      }
    }
  }

  /** Gives up a partly received pack and frees its space. No error when there is none, or when it is being received now. */
  async discardIncoming(packId: PackId): Promise<void> {
    if (this.#receiving.has(packId)) return;
    await this.#removeIncoming(packId);
  }

  async #removeIncoming(packId: PackId): Promise<void> {
    await this.#files.remove(incomingPath(this.folder, packId, 'part'));
    await this.#files.remove(incomingPath(this.folder, packId, 'root'));
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
    await this.#files.sweep(join(this.folder, incomingFolder));
    for (const packId of await this.incoming()) if (this.#sizes.has(packId)) await this.discardIncoming(packId);
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

  /** Changes to one pack happen one after the other; different packs don't wait for each other's fsync. */
  async #locked(packId: PackId, work: () => Promise<void>): Promise<void> {
    const lock = this.#locks.get(packId) ?? { mutex: new Mutex(), users: 0 };
    this.#locks.set(packId, lock);
    lock.users += 1;
    try {
      await lock.mutex.run(() => onDisk(packId, this.name, work));
    } finally {
      lock.users -= 1;
      if (lock.users === 0) this.#locks.delete(packId);
    }
  }
}
