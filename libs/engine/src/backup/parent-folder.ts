import { isAppError } from '#libs/kernel';
import type { TreeEntry, VaultReader } from '#libs/vault';

/**
 * The parent snapshot's entries of one folder, asked for in ascending order of names. A merge of two sorted lists: nothing is kept.
 * A parent that can't be read is as none: everything counts as new, and chunks that are known are still not stored again.
 */
export class ParentFolder {
  readonly #entries: AsyncIterator<TreeEntry> | undefined;
  #next: TreeEntry | undefined;
  #started = false;
  /** Entries that the parent had and that were passed by or not reached. */
  #seen = 0;
  #unreadable = false;

  constructor(reader: VaultReader, treeId: Uint8Array | undefined) {
    this.#entries = treeId && reader.readTree(treeId)[Symbol.asyncIterator]();
  }

  /** The entry of this name, or undefined. */
  find(name: Uint8Array): TreeEntry | undefined | Promise<TreeEntry | undefined> {
    return this.#entries ? this.#find(name) : undefined;
  }

  async #find(name: Uint8Array): Promise<TreeEntry | undefined> {
    if (!this.#started) {
      this.#started = true;
      await this.#advance();
    }
    while (this.#next && Buffer.compare(this.#next.name, name) < 0) await this.#advance();
    if (!this.#next || Buffer.compare(this.#next.name, name) !== 0) return undefined;
    const found = this.#next;
    await this.#advance();
    return found;
  }

  /** Whether the parent has exactly `count` entries, after all names were asked for. */
  async hasExactly(count: number): Promise<boolean> {
    if (!this.#entries) return false;
    if (!this.#started) {
      this.#started = true;
      await this.#advance();
    }
    return this.#next === undefined && !this.#unreadable && this.#seen === count;
  }

  async close(): Promise<void> {
    await this.#entries?.return?.();
  }

  async #advance(): Promise<void> {
    this.#next = undefined;
    if (!this.#entries || this.#unreadable) return;
    try {
      const step = await this.#entries.next();
      if (step.done) return;
      this.#next = step.value;
      this.#seen += 1;
    } catch (error) {
      if (!isAppError(error)) throw error;
      this.#unreadable = true;
    }
  }
}
