import { limits, type TreeEntry, TreeWriter } from '#libs/vault';
import { sameEntry } from './change-detection.ts';
import type { StandingEntries } from './parent-folder.ts';
import { readAttributes, type ReadAttributes } from './read-attributes.ts';
import { LaterSlot, type Place, type Slot, type Started, summaryOf, type WalkContext } from './slot.ts';
import { treeEntryOf } from './tree-entry-of.ts';

/** What is kept while a parent's tree may stand again: that of one chunk, which is no longer. */
const heldBytes = limits.partBytes;

/** Entries of one folder that may wait to be written to its tree; those of a {@link Run} are one. */
const slotsAhead = 2_048;
/** Parts of the parent's folder, of 1 MiB at most, that may be kept in memory for a few entries each. */
const partsAhead = 8;

/** Entries of the parent in a row. */
interface Run {
  readonly entries: StandingEntries['in'];
  readonly isWhole: boolean;
  readonly from: number;
  until: number;
  files: number;
  bytes: number;
}

function heldBytesOf(entry: TreeEntry): number {
  const content = entry.content && 'ids' in entry.content ? entry.content.ids.length : 0;
  const attributes = entry.xattrs?.reduce((sum, { name, value }) => sum + name.length + value.length + 20, 0) ?? 0;
  return 300 + entry.name.length + content + attributes + (entry.dataRanges?.length ?? 0) * 20 + (entry.linkTarget?.length ?? 0);
}

/** The tree of one folder in the making: takes its entries in order, some of them not finished yet. */
export class FolderTree {
  readonly #context: WalkContext;
  readonly #place: Place;
  readonly #attributesRead: ReadAttributes | undefined;
  readonly #writer: TreeWriter;
  #slots: (Started['slot'] | Run)[] = [];
  /** The last of the slots, where it goes on. */
  #run: Run | undefined;
  /** Parts of the parent's folder that slots are in. */
  #parts = 0;
  #lastPart: StandingEntries['in'] | undefined;
  /** While all entries are as in the parent they are kept here, since its tree may simply stand again. */
  #held: (TreeEntry | Run)[] | undefined = [];
  #heldBytes = 0;
  #files = 0;
  #directories = 0;
  #bytes = 0;

  /** `attributes`: the folder's, where somebody else had to read them. */
  constructor(context: WalkContext, place: Place, attributes?: ReadAttributes) {
    this.#context = context;
    this.#place = place;
    this.#attributesRead = attributes;
    this.#writer = new TreeWriter({ primitives: context.primitives, gearKey: context.gearKey, store: context.store });
  }

  /** More may only come after {@link writeSome}. */
  get isFull(): boolean {
    return this.#slots.length >= slotsAhead || this.#parts > partsAhead;
  }

  add(slot: Started['slot']): void {
    // It is awaited later, in order; until then a failure must not count as unhandled.
    if (slot instanceof Promise) slot.catch(() => undefined);
    this.#slots.push(slot);
    this.#run = undefined;
  }

  /** A file as it is in the parent. Those in a row are one slot. */
  addStanding(file: StandingEntries, sizeBytes: number): void {
    let run = this.#run;
    if (run?.entries !== file.in || run.until !== file.from) {
      run = this.#run = { entries: file.in, isWhole: file.isWhole, from: file.from, until: file.from, files: 0, bytes: 0 };
      this.#slots.push(run);
      if (this.#lastPart !== file.in) this.#parts += 1;
      this.#lastPart = file.in;
    }
    run.until = file.until;
    run.files += 1;
    run.bytes += sizeBytes;
  }

  /** Writes the first entries, waiting for them: half of those that may wait, or all where they keep too much in memory. */
  async writeSome(): Promise<void> {
    await this.#write(this.#parts > partsAhead ? this.#slots.length : slotsAhead / 2);
  }

  async #write(count: number): Promise<void> {
    const slots = this.#slots.splice(0, count);
    if (this.#slots.length === 0) {
      this.#run = this.#lastPart = undefined;
      this.#parts = 0;
    }
    for (const started of slots) {
      if ('entries' in started) {
        this.#files += started.files;
        this.#bytes += started.bytes;
        this.#heldBytes += started.until - started.from;
        // It will not stand again anyway.
        if (this.#held && !started.isWhole) await this.#release();
        const kept = this.#keep(started);
        if (kept) await kept;
        continue;
      }
      const slot = started instanceof LaterSlot ? started.get() : started;
      const { entry, same } = slot instanceof Promise ? await slot : slot;
      if (!entry) {
        await this.#release();
        continue;
      }
      const summary = summaryOf(entry);
      this.#files += summary.files;
      this.#directories += summary.directories;
      this.#bytes += summary.bytes;
      if (same) this.#heldBytes += heldBytesOf(entry);
      else if (this.#held) await this.#release();
      const kept = this.#keep(entry);
      if (kept) await kept;
    }
  }

  /** Something to wait for only where something has to be stored. */
  #keep(one: TreeEntry | Run): Promise<void> | undefined {
    if (this.#held && this.#heldBytes <= heldBytes) {
      this.#held.push(one);
      return undefined;
    }
    if (!this.#held) return this.#put(one);
    return this.#release().then(() => this.#put(one));
  }

  #put(one: TreeEntry | Run): Promise<void> | undefined {
    return 'entries' in one ? this.#putRun(one) : this.#writer.put(one);
  }

  async #putRun({ entries, from, until }: Run): Promise<void> {
    for (const entry of entries.between(from, until)) {
      const storing = this.#writer.put(entry);
      if (storing) await storing;
    }
  }

  /** The folder's own entry. `complete`: the parent's folder has exactly the names of this one, in one chunk. */
  async finish(complete: boolean): Promise<Slot> {
    await this.#write(this.#slots.length);
    const { platform, needed } = this.#context;
    const { parent, facts, name } = this.#place;
    const summary = { files: this.#files, directories: this.#directories, bytes: this.#bytes };
    const parentTree = parent?.type === 'directory' ? parent.tree : undefined;
    if (complete && this.#held && parent && parentTree && needed.addKnown(parentTree)) {
      if (sameEntry(facts, parent)) return { entry: parent, same: true };
      return { entry: treeEntryOf(platform, name, facts, { tree: parentTree, summary, attributes: this.#attributes() }), same: false };
    }
    await this.#release();
    const tree = await this.#writer.finish();
    const attributes = this.#attributes();
    const entry = treeEntryOf(platform, name, facts, { tree, summary, attributes });
    return { entry, same: false };
  }

  async #release(): Promise<void> {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const one of held) {
      const storing = this.#put(one);
      if (storing) await storing;
    }
  }

  #attributes() {
    const { platform, counts } = this.#context;
    const { attributes, attributesProblem } = this.#attributesRead ?? readAttributes(platform, this.#place.path);
    if (attributesProblem) counts.problem(attributesProblem);
    return attributes;
  }
}
