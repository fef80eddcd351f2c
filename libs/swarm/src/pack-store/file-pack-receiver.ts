import type { PackId } from '#libs/kernel';
import type { DurableFiles, WritableFile } from '#libs/kernel/node';
import { FilesError } from '#libs/kernel/node';
import { SwarmError } from '../errors.ts';
import { leafBytes, maxRootBytes } from '../pack-transfer/limits.ts';
import { onDisk } from './disk-errors.ts';
import type { PackReceiver } from './pack-receiver.ts';
import type { PackRoot } from './pack-root.ts';
import { corruptLeaf, leafCountOf, readPackRoot } from './pack-root.ts';
import { incomingPath } from './paths.ts';

export interface ReceiverInit {
  readonly packId: PackId;
  readonly sizeBytes: number;
  readonly folder: string;
  readonly files: DurableFiles;
  readonly storeName: string;
  /** The pack is in the store already: nothing is missing, nothing is written. */
  readonly stored: boolean;
}

interface ReceiverHooks {
  publish(rootBlock: Uint8Array): Promise<void>;
  released(): void;
}

/**
 * {@link PackReceiver} on files. There is no record of which leaves were kept: when it opens, it re-hashes what stands in
 * the part file (3 GB/s), so a torn write or a hole is just a missing leaf, whatever the crash. Leaves in page-aligned memory
 * are written past the page cache: nobody reads them here soon, and {@link commit} then waits for the disk alone.
 */
export class FilePackReceiver implements PackReceiver {
  readonly packId: PackId;
  readonly sizeBytes: number;
  readonly leafCount: number;
  readonly #init: ReceiverInit;
  readonly #hooks: ReceiverHooks;
  readonly #have: boolean[];
  /** Opened once, however many leaves come at the same time. */
  #file: Promise<WritableFile> | undefined;
  #root: PackRoot | undefined;
  #rootBlock: Uint8Array | undefined;
  /** The root block on its way to the disk, while the first leaf is on its way here. */
  #rootKept: Promise<void> | undefined;
  #released = false;

  private constructor(init: ReceiverInit, hooks: ReceiverHooks) {
    this.packId = init.packId;
    this.sizeBytes = init.sizeBytes;
    this.leafCount = leafCountOf(init.sizeBytes);
    this.#init = init;
    this.#hooks = hooks;
    this.#have = Array.from({ length: this.leafCount }, () => init.stored);
  }

  static async open(init: ReceiverInit, hooks: ReceiverHooks): Promise<FilePackReceiver> {
    const receiver = new FilePackReceiver(init, hooks);
    if (!init.stored) await receiver.#takeUp();
    return receiver;
  }

  get hasRoot(): boolean {
    return this.#init.stored || this.#root !== undefined;
  }

  async acceptRoot(block: Uint8Array): Promise<void> {
    if (this.hasRoot) return;
    this.#root = this.#checkRoot(block);
    this.#rootBlock = block;
    this.#rootKept = this.#onDisk(() => this.#init.files.replace(this.#path('root'), block));
    // Whoever brings a leaf hears of it.
    this.#rootKept.catch(() => undefined);
  }

  async acceptLeaf(index: number, bytes: Uint8Array): Promise<void> {
    if (this.#have[index]) return;
    if (!this.#root || this.#released)
      throw new SwarmError('pack_invalid', 'a leaf came before the root block, or after the end', { context: { packId: this.packId } });
    if (!this.#root.verifyLeaf(index, bytes)) throw corruptLeaf(this.packId, index, 'in transit');
    await this.#onDisk(async () => {
      const file = await this.#partFile();
      await file.write(index * leafBytes, bytes);
    });
    // A leaf without its root on the disk would be worth nothing to the next try.
    await this.#rootKept;
    this.#have[index] = true;
  }

  missing(): { first: number; count: number }[] {
    const runs: { first: number; count: number }[] = [];
    for (const [index, have] of this.#have.entries()) {
      if (have) continue;
      const last = runs.at(-1);
      if (last && last.first + last.count === index) last.count += 1;
      else runs.push({ first: index, count: 1 });
    }
    return runs;
  }

  async commit(): Promise<void> {
    const missing = this.missing();
    if (missing.length > 0) {
      throw new SwarmError('pack_corrupt', `pack ${this.packId} is not complete: leaf ${missing[0]!.first} is missing`, {
        context: { packId: this.packId },
      });
    }
    if (!this.#init.stored) {
      const rootBlock = this.#rootBlock!;
      await this.#onDisk(async () => {
        const file = await this.#partFile();
        await file.sync();
        await this.#closeFile();
      });
      await this.#hooks.publish(rootBlock);
      await this.#onDisk(() => this.#init.files.remove(this.#path('root')));
    }
    this.#release();
  }

  async close(): Promise<void> {
    try {
      await this.#rootKept?.catch(() => undefined);
      await this.#onDisk(() => this.#closeFile());
    } finally {
      this.#release();
    }
  }

  async discard(): Promise<void> {
    await this.close();
    if (this.#init.stored) return;
    await this.#onDisk(() => this.#forget());
  }

  /** Finds out what an earlier try left. */
  async #takeUp(): Promise<void> {
    const { files } = this.#init;
    let block: Uint8Array;
    try {
      block = await files.read(this.#path('root'), { maxBytes: maxRootBytes });
      this.#root = this.#checkRoot(block);
    } catch (error) {
      // Nothing, or nothing usable: start over. The part file without its root can't be checked.
      if (
        !(error instanceof SwarmError) &&
        !(error instanceof FilesError && (error.code === 'file_not_found' || error.code === 'file_too_large'))
      )
        throw error;
      await this.#forget();
      return;
    }
    this.#rootBlock = block;
    const kept = await files.size(this.#path('part'));
    if (kept === undefined) return;
    if (kept > this.sizeBytes) return files.remove(this.#path('part'));
    const file = await this.#partFile();
    for (let index = 0; index * leafBytes < kept; index += 1) {
      this.#have[index] = this.#root.verifyLeaf(index, await file.read(index * leafBytes, leafBytes));
    }
  }

  #checkRoot(block: Uint8Array): PackRoot {
    const root = readPackRoot(this.packId, block);
    if (root.sizeBytes !== this.sizeBytes) {
      throw new SwarmError('pack_invalid', `pack ${this.packId} has ${root.sizeBytes} bytes, ${this.sizeBytes} were announced`, {
        context: { packId: this.packId },
      });
    }
    return root;
  }

  async #forget(): Promise<void> {
    await this.#init.files.remove(this.#path('part'));
    await this.#init.files.remove(this.#path('root'));
  }

  #partFile(): Promise<WritableFile> {
    this.#file ??= this.#init.files.openWritable(this.#path('part'), { uncached: true }).catch((error: unknown) => {
      // Too many open files, a full disk: the next leaf may try again.
      this.#file = undefined;
      throw error;
    });
    return this.#file;
  }

  async #closeFile(): Promise<void> {
    const file = await this.#file?.catch(() => undefined);
    this.#file = undefined;
    await file?.close();
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#hooks.released();
  }

  #path(part: 'part' | 'root'): string {
    return incomingPath(this.#init.folder, this.packId, part);
  }

  #onDisk<T>(work: () => Promise<T>): Promise<T> {
    return onDisk(this.packId, this.#init.storeName, work);
  }
}
