import type { TreeEntry } from '#libs/vault';
import { throwIfInterrupted } from '../errors.ts';
import type { FarReader } from '../far/far-reader.ts';
import type { FileFacts } from '../platform/index.ts';
import { displayPath } from '../platform/index.ts';
import { type ExcludeRules, matchableName } from '../scan/exclude-rules.ts';
import type { FolderScanner } from '../scan/scan-folder.ts';
import { FileEntries } from './file-entries.ts';
import { FolderTree } from './folder-tree.ts';
import { ParentFolder } from './parent-folder.ts';
import { LaterSlot, type Place, type Started, type WalkContext } from './slot.ts';
import { treeEntryOf } from './tree-entry-of.ts';

/** Names, in whatever folders, after which files that still wait for more of their batch are sealed: their folders wait for them, and keep their parent's trees in memory. */
const entriesPerNudge = 2_048;

/**
 * Walks a backed-up folder depth first and builds its trees bottom up. The walk goes on while files are being sealed: a folder is finished
 * when the last of its entries is. Memory: the folders from the root to the one at work with some thousand entries each, and the batches.
 */
export class TreeBackup {
  readonly #context: WalkContext;
  readonly #scanner: FolderScanner;
  readonly #files: FileEntries;
  #walked = 0;

  constructor(context: WalkContext, scanner: FolderScanner, files: FileEntries) {
    this.#context = context;
    this.#scanner = scanner;
    this.#files = files;
  }

  /** The entry of the folder (or single file) itself, everything below it done. Undefined when it vanished meanwhile. */
  async run(path: Buffer, facts: FileFacts, parent: TreeEntry | undefined, far?: FarReader): Promise<TreeEntry | undefined> {
    const place: Place = { path, below: '', name: new Uint8Array(), facts, parent, far };
    const { slot } = await this.#entry(place, this.#scanner.startRules());
    this.#context.batches.nudge();
    return (await (slot instanceof LaterSlot ? slot.get() : slot)).entry;
  }

  /** In a wrapper, so that the slot isn't waited for too early; and nothing to wait for at all where there is nothing, since promises cost more than most entries. */
  #entry(place: Place, rules: ExcludeRules): Started | Promise<Started> {
    if (place.facts.kind === 'directory') return this.#folder(place, rules);
    if (place.facts.kind === 'file') return this.#files.file(place);
    return { slot: place.far ? this.#files.farSpecial(place, place.far) : this.#files.special(place) };
  }

  async #folder(place: Place, outerRules: ExcludeRules): Promise<Started> {
    const { counts, platform, reader, batches, farFiles, signal } = this.#context;
    throwIfInterrupted(signal);
    counts.current = place.path;
    // In the order of the walk: should the mount hang from here on, what comes before has been read.
    if (place.far) await farFiles.settle();
    const scanned = await this.#scanner.scan(place.path, place.below, outerRules, { far: place.far, sizeBytes: place.facts.sizeBytes });
    // A folder that is gone by now is like a file that is gone: noted, and not in the snapshot. The top one was asked for, so that it is missed.
    if (!scanned.readable && place.below !== '' && scanned.problems[0]?.code === 'file_not_found') {
      counts.note({ path: displayPath(place.path), code: 'vanished', message: 'was removed during the backup' });
      return { slot: { entry: undefined, same: false } };
    }
    for (const problem of scanned.problems) counts.problem(problem);
    for (const note of scanned.notes) counts.note(note);
    counts.excluded += scanned.excluded;
    counts.directories += 1;
    if (scanned.missesMount) counts.partial = true;
    if (!scanned.readable) {
      counts.partial = true;
      const error = scanned.problems[0]?.code ?? 'io_failed';
      return { slot: { entry: treeEntryOf(platform, place.name, place.facts, { error }), same: false } };
    }

    const parents = new ParentFolder(reader, place.parent?.type === 'directory' ? place.parent.tree : undefined);
    const folder = new FolderTree(this.#context, { ...place, facts: scanned.facts ?? place.facts }, scanned.attributes);
    const level = place.far ? undefined : this.#scanner.enter(place.path, scanned);
    try {
      for (const [i, { name, facts, far = place.far }] of scanned.entries.entries()) {
        throwIfInterrupted(signal);
        level?.reached(i);
        this.#context.report();
        const standing = facts.kind === 'file' ? this.#files.standing(parents, name, facts) : undefined;
        if (standing) folder.addStanding(standing, facts.sizeBytes);
        else {
          const path = platform.join(place.path, name);
          // Only rules for what is inside a folder ask for it.
          const below = facts.kind === 'directory' ? belowOf(place.below, name) : '';
          const finding = parents.find(name);
          const parent = finding instanceof Promise ? await finding : finding;
          const starting = this.#entry({ path, below, name, facts, parent, far }, scanned.rules);
          folder.add((starting instanceof Promise ? await starting : starting).slot);
        }
        if ((this.#walked += 1) % entriesPerNudge === 0) batches.nudge();
        if (folder.isFull) {
          batches.nudge();
          await folder.writeSome();
        }
      }
      const slot = folder.finish(await parents.isWholeWith(scanned.entries.length));
      slot.catch(() => undefined);
      return { slot };
    } finally {
      if (level) this.#scanner.leave(level);
      await parents.close();
    }
  }
}

function belowOf(folder: string, name: Buffer): string {
  return folder === '' ? matchableName(name) : `${folder}/${matchableName(name)}`;
}
