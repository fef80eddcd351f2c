import { type TreeEntry, TreeWriter } from '#libs/vault';
import { isAppError } from '#libs/kernel';
import { problemOf } from '../scan/scan-folder.ts';
import { sameEntry } from './change-detection.ts';
import { type Place, type Slot, summaryOf, type WalkContext } from './slot.ts';
import { treeEntryOf } from './tree-entry-of.ts';

/** The tree of one folder in the making: takes its entries in order, some of them not finished yet. */
export class FolderTree {
  readonly #context: WalkContext;
  readonly #place: Place;
  readonly #writer: TreeWriter;
  #slots: Promise<Slot>[] = [];
  /** While all entries are as in the parent they are kept here, since its tree may simply stand again. */
  #held: TreeEntry[] | undefined = [];
  #files = 0;
  #directories = 0;
  #bytes = 0;

  constructor(context: WalkContext, place: Place) {
    this.#context = context;
    this.#place = place;
    this.#writer = new TreeWriter({ primitives: context.primitives, gearKey: context.gearKey, store: context.store });
  }

  get waiting(): number {
    return this.#slots.length;
  }

  add(slot: Promise<Slot>): void {
    // It is awaited later, in order; until then a failure must not count as unhandled.
    slot.catch(() => undefined);
    this.#slots.push(slot);
  }

  /** Writes the first `count` entries, waiting for them. */
  async write(count: number, mayHold = 4_096): Promise<void> {
    const slots = this.#slots.splice(0, count);
    for (const slot of slots) {
      const { entry, same } = await slot;
      if (!entry) {
        await this.#release();
        continue;
      }
      const summary = summaryOf(entry);
      this.#files += summary.files;
      this.#directories += summary.directories;
      this.#bytes += summary.bytes;
      if (this.#held && (!same || this.#held.length >= mayHold)) await this.#release();
      if (this.#held) this.#held.push(entry);
      else await this.#writer.add(entry);
    }
  }

  /** The folder's own entry. `complete`: the parent's folder has exactly the names of this one. */
  async finish(complete: boolean): Promise<Slot> {
    await this.write(this.#slots.length);
    const { platform, index, counts } = this.#context;
    const { parent, facts, name, path } = this.#place;
    const summary = { files: this.#files, directories: this.#directories, bytes: this.#bytes };
    const parentTree = parent?.type === 'directory' ? parent.tree : undefined;
    if (complete && this.#held && parent && parentTree && index.has(parentTree)) {
      if (sameEntry(facts, parent)) return { entry: parent, same: true };
      return { entry: treeEntryOf(platform, name, facts, { tree: parentTree, summary, attributes: this.#attributes() }), same: false };
    }
    await this.#release();
    const tree = await this.#writer.finish();
    const attributes = this.#attributes();
    const entry = treeEntryOf(platform, name, facts, { tree, summary, attributes });
    counts.current ??= path.toString();
    return { entry, same: false };
  }

  async #release(): Promise<void> {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const entry of held) await this.#writer.add(entry);
  }

  #attributes() {
    const { platform, counts } = this.#context;
    try {
      return platform.extendedAttributes(this.#place.path);
    } catch (error) {
      if (!isAppError(error)) throw error;
      if (error.code !== 'file_not_found') counts.problem(problemOf(this.#place.path, error));
      return [];
    }
  }
}
