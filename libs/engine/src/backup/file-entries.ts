import { idsIn } from '#libs/vault';
import type { FileProblem } from '../errors.ts';
import { problemOf } from '../scan/file-problem.ts';
import { displayPath } from '../platform/index.ts';
import { sameContent, sameEntry } from './change-detection.ts';
import { contentOf } from './content-entries.ts';
import { readAttributes } from './read-attributes.ts';
import type { FileOutcome } from './sealer.ts';
import type { Place, Slot, WalkContext } from './slot.ts';
import { treeEntryOf } from './tree-entry-of.ts';

/** Entries of everything that is no folder. */
export class FileEntries {
  readonly #context: WalkContext;
  /** Hard-linked files of this run by device and inode: their data is read once. */
  readonly #linked = new Map<string, Promise<FileOutcome>>();

  constructor(context: WalkContext) {
    this.#context = context;
  }

  /** Starts on a regular file; waits only for room. In a wrapper, so that the inner promise isn't awaited too early. */
  async file(place: Place): Promise<{ readonly done: Promise<Slot> }> {
    const { counts, needed, batches, rules, platform } = this.#context;
    const { facts, parent, name, path } = place;
    counts.files += 1;
    counts.bytes += facts.sizeBytes;
    if (sameContent(facts, parent, rules) && (await needed.addContent(parent.content))) {
      counts.unchangedFiles += 1;
      counts.filesDone += 1;
      counts.unchangedBytes += facts.sizeBytes;
      if (sameEntry(facts, parent)) return { done: Promise.resolve({ entry: parent, same: true }) };
      const { content, dataRanges } = parent;
      const entry = treeEntryOf(platform, name, facts, { content, dataRanges, attributes: this.#attributes(place) });
      return { done: Promise.resolve({ entry, same: false }) };
    }
    if (parent?.type === 'file') counts.changedFiles += 1;
    else counts.newFiles += 1;

    const key = facts.links > 1 ? `${facts.device}:${facts.inode}` : undefined;
    if (key !== undefined && this.#linked.has(key)) return { done: this.#finishLinked(place, key) };
    await batches.room();
    const outcome = batches.submit({ path, sizeBytes: facts.sizeBytes });
    outcome.catch(() => undefined);
    if (key !== undefined) this.#linked.set(key, outcome);
    return { done: this.#finish(place, outcome, true) };
  }

  /** Where the name under which the file was read is gone by then, this one is read. */
  async #finishLinked(place: Place, key: string): Promise<Slot> {
    const { batches } = this.#context;
    for (;;) {
      const sealing = this.#linked.get(key)!;
      if (!('problem' in (await sealing))) return this.#finish(place, sealing, false);
      // Another name may have taken over meanwhile.
      if (this.#linked.get(key) !== sealing) continue;
      const own = batches.submit({ path: place.path, sizeBytes: place.facts.sizeBytes });
      own.catch(() => undefined);
      this.#linked.set(key, own);
      // Whoever waits for this entry may wait for nothing else.
      batches.nudge();
      return this.#finish(place, own, true);
    }
  }

  /** Links, fifos and devices. */
  special(place: Place): Slot {
    const { platform } = this.#context;
    const { facts, parent, name, path } = place;
    if (parent && parent.type === entryTypeOf(facts.kind) && sameEntry(facts, parent)) return { entry: parent, same: true };
    try {
      const linkTarget = facts.kind === 'symlink' ? platform.linkTarget(path) : undefined;
      return { entry: treeEntryOf(platform, name, facts, { linkTarget, attributes: this.#attributes(place) }), same: false };
    } catch (error) {
      return this.#failed(place, problemOf(path, error));
    }
  }

  async #finish(place: Place, sealing: Promise<FileOutcome>, first: boolean): Promise<Slot> {
    const { counts, needed, platform, store } = this.#context;
    const outcome = await sealing;
    counts.filesDone += 1;
    if ('problem' in outcome) return this.#failed(place, outcome.problem);
    if (first) {
      counts.readBytes += outcome.readBytes;
      counts.newChunks += outcome.newChunks;
    }
    counts.current = displayPath(place.path);
    const { facts, sizeBytes, dataRanges, attributes, attributesProblem, changedWhileRead } = outcome;
    if (attributesProblem && first) counts.problem(attributesProblem);
    if (changedWhileRead && first)
      counts.note({
        path: displayPath(place.path),
        code: 'changed_while_read',
        message: 'changed twice while it was read; stored as it was read',
      });
    for (const id of idsIn(outcome.ids)) needed.add(id);
    const content = await contentOf(outcome.ids, store);
    return {
      entry: treeEntryOf(platform, place.name, facts, { sizeBytes, content, dataRanges, attributes, changedWhileRead }),
      same: false,
    };
  }

  /** What can't be read is named in the snapshot with its reason; what is gone is not in it. */
  #failed(place: Place, problem: FileProblem): Slot {
    const { counts, platform } = this.#context;
    if (problem.code === 'file_not_found') {
      counts.files -= 1;
      counts.filesDone -= 1;
      counts.note({ path: problem.path, code: 'vanished', message: 'was removed during the backup' });
      return { entry: undefined, same: false };
    }
    counts.problem(problem);
    return { entry: treeEntryOf(platform, place.name, place.facts, { error: problem.code }), same: false };
  }

  #attributes({ path }: Place) {
    const { platform, counts } = this.#context;
    const { attributes, attributesProblem } = readAttributes(platform, path);
    if (attributesProblem) counts.problem(attributesProblem);
    return attributes;
  }
}

function entryTypeOf(kind: string): string {
  return kind === 'character-device' ? 'char-device' : kind;
}
