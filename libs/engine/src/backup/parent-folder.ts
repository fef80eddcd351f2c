import { isAppError } from '#libs/kernel';
import type { FileStamp, StoredEntries, StoredPart, TreeEntry, VaultReader } from '#libs/vault';

/** Entries of the parent snapshot that stand again as they are, one after the other in one part of its folder. */
export interface StandingEntries {
  readonly in: StoredEntries;
  readonly from: number;
  readonly until: number;
  /** The part is all of the folder. */
  readonly isWhole: boolean;
}

/**
 * The parent snapshot's entries of one folder, asked for in ascending order of names. A merge of two sorted lists: nothing is kept.
 * A parent that can't be read is as none: everything counts as new, and chunks that are known are still not stored again.
 */
export class ParentFolder {
  readonly #parts: AsyncIterator<StoredPart> | undefined;
  #part: StoredEntries | undefined;
  /** No part is left, or none can be read. */
  #isOver: boolean;
  /** Entries in all parts so far. */
  #count = 0;
  #isWhole = false;
  #unreadable = false;

  constructor(reader: VaultReader, treeId: Uint8Array | undefined) {
    this.#parts = treeId && reader.storedEntries(treeId)[Symbol.asyncIterator]();
    this.#isOver = this.#parts === undefined;
  }

  /** The entry of this name, or undefined. Something to wait for only at the end of a part. */
  find(name: Uint8Array): TreeEntry | undefined | Promise<TreeEntry | undefined> {
    return this.#reaches(name) ? this.#take(name) : this.#isOver ? undefined : this.#findFurther(name);
  }

  /**
   * Where the file of this name is in the parent just so, in all that an entry says, and `allKnown` finds its chunks: its entry, which is passed by then.
   * Undefined says nothing; {@link find} does.
   */
  standing(name: Uint8Array, file: FileStamp, allKnown: (ids: StoredEntries['ids']) => boolean): StandingEntries | undefined {
    const part = this.#part;
    if (!part || !this.#reaches(name) || part.compareName(name) !== 0 || !part.isFile(file) || !allKnown(part.ids)) return undefined;
    const from = part.position;
    return this.#next() ? { in: part, from, until: part.position, isWhole: this.#isWhole } : undefined;
  }

  /** Whether the parent's folder is one chunk with exactly `count` entries, after all names were asked for. */
  async isWholeWith(count: number): Promise<boolean> {
    if (!this.#parts) return false;
    while (!this.#isOver && !this.#part?.isAtEntry) await this.#nextPart();
    return this.#isOver && !this.#unreadable && this.#isWhole && this.#count === count;
  }

  async close(): Promise<void> {
    await this.#parts?.return?.();
  }

  /** Passes by what comes before this name. False when the part ends there. */
  #reaches(name: Uint8Array): boolean {
    const part = this.#part;
    if (!part) return false;
    while (part.isAtEntry && part.compareName(name) < 0) if (!this.#next()) return false;
    return part.isAtEntry;
  }

  #take(name: Uint8Array): TreeEntry | undefined {
    const part = this.#part!;
    if (part.compareName(name) !== 0) return undefined;
    try {
      const entry = part.entry();
      part.next();
      return entry;
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
  }

  async #findFurther(name: Uint8Array): Promise<TreeEntry | undefined> {
    do await this.#nextPart();
    while (!this.#isOver && !this.#reaches(name));
    return this.#isOver ? undefined : this.#take(name);
  }

  #next(): boolean {
    try {
      this.#part!.next();
      return true;
    } catch (error) {
      this.#giveUp(error);
      return false;
    }
  }

  async #nextPart(): Promise<void> {
    try {
      const step = await this.#parts!.next();
      this.#part = step.done ? undefined : step.value.entries;
      this.#isOver = this.#part === undefined;
      if (step.done) return;
      this.#count += step.value.entries.count;
      this.#isWhole = step.value.isWhole;
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    if (!isAppError(error)) throw error;
    this.#part = undefined;
    this.#isOver = this.#unreadable = true;
  }
}
