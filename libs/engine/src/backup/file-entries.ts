import { type FileContent, idsIn, type StoredEntries } from '#libs/vault';
import type { FileProblem } from '../errors.ts';
import type { FarReader } from '../far/far-reader.ts';
import type { FileFacts } from '../platform/index.ts';
import { problemOf } from '../file-problem.ts';
import { displayPath } from '../platform/index.ts';
import { sameContent, sameEntry } from './change-detection.ts';
import { contentOf } from './content-entries.ts';
import { readAttributes, type ReadAttributes } from './read-attributes.ts';
import type { FileOutcome, SealedFile } from './sealer.ts';
import type { OutcomeTaker } from './file-batches.ts';
import type { ParentFolder, StandingEntries } from './parent-folder.ts';
import { isRunFailure } from './store-failure.ts';
import { LaterSlot, type Place, type Slot, type Started, type WalkContext } from './slot.ts';
import { treeEntryOf } from './tree-entry-of.ts';

/** What was read under one name, with the facts that go with it. */
interface ReadUnderName {
  readonly outcome: FileOutcome;
  readonly seen: FileFacts;
}

/** Entries of everything that is no folder. */
export class FileEntries {
  readonly #context: WalkContext;
  /** Hard-linked files of this run by device and inode: their data is read once. */
  readonly #linked = new Map<string, Promise<ReadUnderName>>();

  readonly #allKnown: (ids: StoredEntries['ids']) => boolean;

  constructor(context: WalkContext) {
    this.#context = context;
    this.#allKnown = (ids) => context.needed.addKnownIn(ids);
  }

  /** The usual case in most backups: the parent snapshot has the file just so, and its chunks are here. No entry is made of it. Undefined in all others. */
  standing(parents: ParentFolder, name: Buffer, facts: FileFacts): StandingEntries | undefined {
    const { counts, rules } = this.#context;
    // Other names of one file need not be in the same folder, and the entry would say which device they share.
    if (facts.links > 1 || rules.readAll || rules.ignoreInode || rules.ignoreCtime) return undefined;
    const standing = parents.standing(name, facts, this.#allKnown);
    if (standing) counts.standing(facts.sizeBytes);
    return standing;
  }

  /** Starts on a regular file. Something to wait for only when there is no room, or for a look at what the parent snapshot has of it. */
  file(place: Place): Started | Promise<Started> {
    const { counts, batches, rules } = this.#context;
    const { facts, parent } = place;
    counts.files += 1;
    counts.bytes += facts.sizeBytes;
    if (sameContent(facts, parent, rules)) return this.#knownOrRead(place, parent);
    return place.far || batches.isFull ? this.#readWhenThereIsRoom(place) : this.#read(place);
  }

  async #knownOrRead(place: Place, parent: NonNullable<Place['parent']>): Promise<Started> {
    const { counts, needed, platform } = this.#context;
    const { facts, name, far } = place;
    if (!(await needed.addContent(parent.content))) return this.#readWhenThereIsRoom(place);
    let attributes: ReadAttributes | undefined;
    if (!sameEntry(facts, parent)) {
      try {
        attributes = far ? await far.attributes(place.path) : readAttributes(platform, place.path);
      } catch (error) {
        if (isRunFailure(error)) throw error;
        counts.filesDone += 1;
        return { slot: this.#failed(place, problemOf(place.path, error)) };
      }
    }
    counts.unchangedFiles += 1;
    counts.filesDone += 1;
    counts.unchangedBytes += facts.sizeBytes;
    if (!attributes) return { slot: { entry: parent, same: true } };
    const { content, dataRanges } = parent;
    const entry = treeEntryOf(platform, name, facts, { content, dataRanges, attributes: this.#taken(attributes) });
    return { slot: { entry, same: false } };
  }

  async #readWhenThereIsRoom(place: Place): Promise<Started> {
    const { batches, farFiles } = this.#context;
    await (place.far ? farFiles : batches).room();
    return this.#read(place);
  }

  #read(place: Place): Started {
    const { counts } = this.#context;
    const { facts, parent } = place;
    if (parent?.type === 'file') counts.changedFiles += 1;
    else counts.newFiles += 1;
    if (facts.links > 1) return { slot: this.#linkedSlot(place, `${facts.device}:${facts.inode}`) };
    const slot = new LaterSlot();
    this.#submit(place, {
      sealed: (outcome) => this.#fill(slot, place, { outcome, seen: facts }, true),
      failed: (error) => slot.fail(error),
    });
    return { slot };
  }

  #submit({ path, facts, far }: Place, taker: OutcomeTaker): void {
    const { batches, farFiles } = this.#context;
    if (far) farFiles.submit(path, far, taker);
    else batches.submit({ path, seen: facts }, taker);
  }

  #linkedSlot(place: Place, key: string): Promise<Slot> {
    if (this.#linked.has(key)) return this.#finishLinked(place, key);
    return this.#finish(place, this.#readLinked(place, key), true);
  }

  #readLinked(place: Place, key: string): Promise<ReadUnderName> {
    const { promise, resolve, reject } = Promise.withResolvers<ReadUnderName>();
    promise.catch(() => undefined);
    this.#submit(place, { sealed: (outcome) => resolve({ outcome, seen: place.facts }), failed: reject });
    this.#linked.set(key, promise);
    return promise;
  }

  /** Where the name under which the file was read is gone by then, this one is read. */
  async #finishLinked(place: Place, key: string): Promise<Slot> {
    const { batches } = this.#context;
    for (;;) {
      const reading = this.#linked.get(key)!;
      if (!('problem' in (await reading).outcome)) return this.#finish(place, reading, false);
      // Another name may have taken over meanwhile.
      if (this.#linked.get(key) !== reading) continue;
      const own = this.#readLinked(place, key);
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
      const attributes = this.#taken(readAttributes(platform, path));
      return { entry: treeEntryOf(platform, name, facts, { linkTarget, attributes }), same: false };
    } catch (error) {
      return this.#failed(place, problemOf(path, error));
    }
  }

  /** The same where another process has to look. */
  async farSpecial(place: Place, far: FarReader): Promise<Slot> {
    const { platform } = this.#context;
    const { facts, parent, name, path } = place;
    if (parent && parent.type === entryTypeOf(facts.kind) && sameEntry(facts, parent)) return { entry: parent, same: true };
    try {
      const linkTarget = facts.kind === 'symlink' ? await far.linkTarget(path) : undefined;
      const attributes = this.#taken(await far.attributes(path));
      return { entry: treeEntryOf(platform, name, facts, { linkTarget, attributes }), same: false };
    } catch (error) {
      if (isRunFailure(error)) throw error;
      return this.#failed(place, problemOf(path, error));
    }
  }

  async #finish(place: Place, reading: Promise<ReadUnderName>, first: boolean): Promise<Slot> {
    const slot = new LaterSlot();
    this.#fill(slot, place, await reading, first);
    return slot.get();
  }

  /** At once, unless a list of chunks has to be stored first. */
  #fill(slot: LaterSlot, place: Place, { outcome, seen }: ReadUnderName, first: boolean): void {
    const { counts, needed, store } = this.#context;
    counts.filesDone += 1;
    if ('problem' in outcome) return slot.fill(this.#failed(place, outcome.problem));
    if (first) {
      counts.readBytes += outcome.readBytes;
      counts.newChunks += outcome.newChunks;
    }
    counts.current = place.path;
    if (outcome.attributesProblem && first) counts.problem(outcome.attributesProblem);
    if (outcome.changedWhileRead && first)
      counts.note({
        path: displayPath(place.path),
        code: 'changed_while_read',
        message: 'changed twice while it was read; stored as it was read',
      });
    for (const id of idsIn(outcome.ids)) needed.add(id);
    const content = contentOf(outcome.ids, store);
    if (content instanceof Promise)
      content.then(
        (list) => slot.fill(this.#sealedSlot(place, outcome, seen, list)),
        (error: unknown) => slot.fail(error),
      );
    else slot.fill(this.#sealedSlot(place, outcome, seen, content));
  }

  #sealedSlot({ name }: Place, outcome: SealedFile, seen: FileFacts, content: FileContent | undefined): Slot {
    const { facts = seen, sizeBytes, dataRanges, attributes, changedWhileRead } = outcome;
    const parts = { sizeBytes, content, dataRanges, attributes, changedWhileRead };
    return { entry: treeEntryOf(this.#context.platform, name, facts, parts), same: false };
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

  #taken({ attributes, attributesProblem }: ReadAttributes): ReadAttributes['attributes'] {
    if (attributesProblem) this.#context.counts.problem(attributesProblem);
    return attributes;
  }
}

function entryTypeOf(kind: string): string {
  return kind === 'character-device' ? 'char-device' : kind;
}
