import type { Primitives } from '#libs/crypto';
import { type AppError, isAppError } from '#libs/kernel';
import { ChunkOpener, idBytes, type OpenerSeed, OpenRoom, segmentsOfContent } from '#libs/vault/opening';
import { type StopSignal, throwIfInterrupted } from '../errors.ts';
import type { OpenFile, Platform } from '../platform/index.ts';
import { applyMetadata, plainFacts } from './apply-metadata.ts';
import { AlignedOutput, AlignedRooms, type Stretch } from './aligned-output.ts';
import { compareFile } from './compare-file.ts';
import { type Held, HeldFolders } from './held-folders.ts';
import { restoreLimits } from './limits.ts';
import { NoteCollector } from './note-collector.ts';
import { sentError } from './sent-error.ts';
import type { CompareJob, CompareOutcome, Note, TargetOutcome, WriteRun, WriteTarget } from './write-messages.ts';

export interface Written {
  readonly outcomes: readonly TargetOutcome[];
  readonly notes: readonly Note[];
}

/**
 * Opens sealed chunks and writes them to their files; finishes files: metadata, then the name. Works in one thread, without awaiting anything but what large
 * files send past the page cache.
 *
 * Each file is written under a temporary name beside its place and renamed when it is whole: nobody ever sees a half restored file under its
 * name, whatever stops the run. What goes wrong with one file is an outcome; only a full disk and an interruption are thrown.
 * Memory: two chunks, the {@link AlignedRooms}, and at most {@link restoreLimits.openFiles} open files.
 */
export class FileWriter {
  readonly #platform: Platform;
  readonly #opener: ChunkOpener;
  readonly #room = new OpenRoom();
  readonly #rooms: AlignedRooms;
  readonly #notes = new NoteCollector();

  constructor(platform: Platform, primitives: Primitives, seed: OpenerSeed) {
    this.#platform = platform;
    this.#rooms = new AlignedRooms(platform.preferLargePages);
    this.#opener = new ChunkOpener(primitives, seed, seed.vaultId);
  }

  async write(run: WriteRun, signal?: StopSignal): Promise<Written> {
    const states = run.targets.map((target): State => ({ target, bytes: 0, finished: false, expected: 0 }));
    for (let place = 0; place < run.places.length; place += 2) states[run.places[place]!]!.expected += 1;
    const folders = this.#foldersOf(states);
    const later = new Map<State, OpenFile>();
    const output = new AlignedOutput<State>(this.#rooms, (stretch) => this.#writeStretch(stretch, folders, later));
    const hands = { open: new Set<State>(), folders };
    try {
      try {
        let place = 0;
        for (let i = 0, at = 0; at < run.chunks.length; i += 1, at += 4) {
          throwIfInterrupted(signal);
          const end = place + 2 * run.chunks[at + 3]!;
          const concerned = run.places.subarray(place, end);
          place = end;
          const uncached = uncachedPlace(run, i, concerned, states);
          if (!uncached || !(await this.#openUncached(run, i, uncached, output))) this.#writeChunk(run, i, concerned, states, hands);
        }
      } finally {
        await output.finish();
      }
    } finally {
      for (const [state, file] of later) this.#orFail(state, () => file.close());
      this.#end(states, folders);
    }
    return this.#written(states);
  }

  /** For a file whose content is all there: metadata, and the name. Makes it when it has none. */
  finish(target: WriteTarget): Written {
    const state: State = { target, bytes: 0, finished: false, expected: 0 };
    const folders = this.#foldersOf([state]);
    try {
      this.#orFail(state, () => {
        const held = folders.hold(target.folder);
        if (target.whole) {
          this.#create(state, held);
          // Empty, or one hole.
          if (target.entry.size > 0) state.file!.truncate(target.entry.size);
        } else state.file = held.folder.openToWrite(bytesOf(target.temporary));
        this.#finish(state, held);
      });
    } finally {
      this.#end([state], folders);
    }
    return this.#written([state]);
  }

  compare(jobs: readonly CompareJob[], signal?: StopSignal): CompareOutcome[] {
    return jobs.map((job) => {
      throwIfInterrupted(signal);
      return compareFile(this.#platform, this.#opener, job, signal);
    });
  }

  #foldersOf(states: readonly State[]): HeldFolders {
    return new HeldFolders(this.#platform, (held, error) => {
      for (const state of states)
        if (state.target.folder.path === held.identity.path && (state.finished || state.made)) this.#takeBack(state, held, error);
    });
  }

  /** What is not finished is closed, and removed where it was made here. */
  #end(states: readonly State[], folders: HeldFolders): void {
    for (const state of states) if (!state.finished) this.#abandon(state, folders);
    folders.releaseAll();
  }

  #written(states: readonly State[]): Written {
    return {
      outcomes: states.map(({ target: { number }, bytes, finished, error, unopened }) =>
        unopened && !error ? { number, bytes: 0, finished: false, unopened } : { number, bytes, finished, ...(error && { error }) },
      ),
      notes: this.#notes.take(),
    };
  }

  #writeChunk(run: WriteRun, index: number, places: Float64Array, states: readonly State[], hands: Hands): void {
    let plaintext: Uint8Array | undefined;
    let failure: unknown;
    try {
      plaintext = this.#open(run, index, this.#room);
    } catch (error) {
      if (!isAppError(error)) throw error;
      failure = error;
    }
    for (let place = 0; place < places.length; place += 2) {
      const state = states[places[place]!]!;
      state.expected -= 1;
      if (state.error || state.unopened) continue;
      if (plaintext) {
        if (!this.#placeWhole(state, plaintext, hands)) this.#put(state, places[place + 1]!, plaintext, hands);
      } else if (run.checked) state.error = sentError(failure);
      else state.unopened = true;
    }
  }

  #open(run: WriteRun, index: number, room: Pick<OpenRoom, 'stored' | 'plain'>): Uint8Array {
    const at = 4 * index;
    const [offset, sealedLength, plainLength] = [run.chunks[at]!, run.chunks[at + 1]!, run.chunks[at + 2]!];
    const id = run.ids.subarray(index * idBytes, (index + 1) * idBytes);
    const from = offset - run.offset;
    const sealed = run.bytes.subarray(from, from + sealedLength);
    return this.#opener.open(run.pack, run.kind, id, { offset, sealedLength, plainLength }, sealed, room);
  }

  /** Opens a chunk right where it leaves from. False: it has to go the usual way, which also finds out again what is wrong with it. */
  async #openUncached(run: WriteRun, index: number, { state, position }: UncachedPlace, output: AlignedOutput<State>): Promise<boolean> {
    const length = run.chunks[4 * index + 2]!;
    const memory = await output.room(state, position, length + sealBytes);
    if (!memory) return false;
    let plaintext: Uint8Array;
    try {
      plaintext = this.#open(run, index, { stored: (bytes) => this.#room.stored(bytes), plain: () => memory });
    } catch (error) {
      if (!isAppError(error)) throw error;
      return false;
    }
    // Not every opener takes the memory that it is offered.
    if (plaintext.buffer !== memory.buffer) memory.set(plaintext);
    output.put(length);
    state.bytes += length;
    state.expected -= 1;
    return true;
  }

  /** While the next chunks are opened. Its file stays open for the next stretch of it, until all of the run are written. */
  async #writeStretch({ of: state, position, bytes }: Stretch<State>, folders: HeldFolders, later: Map<State, OpenFile>): Promise<void> {
    let file = later.get(state);
    try {
      file ??= folders.hold(state.target.folder).folder.openToWrite(bytesOf(state.target.temporary));
      if (later.size < restoreLimits.uncachedFiles) later.set(state, file);
      await file.writeLater(bytes, position);
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      state.error ??= sentError(error);
    } finally {
      if (later.get(state) !== file) file?.close();
    }
  }

  #put(state: State, contentOffset: number, plaintext: Uint8Array, { open, folders }: Hands): void {
    const { target } = state;
    this.#orFail(state, () => {
      if (!state.file) {
        if (open.size >= restoreLimits.openFiles) closeOne(open);
        const held = folders.hold(target.folder);
        if (target.whole && !state.made) {
          this.#create(state, held);
          // The full length at once: holes stay holes, and what is missing is seen by its zeros and never by a short file.
          if (plaintext.length < target.entry.size) state.file!.truncate(target.entry.size);
        } else state.file = held.folder.openToWrite(bytesOf(target.temporary));
        open.add(state);
      }
      const file = state.file!;
      if (target.entry.dataRanges === undefined) file.write(plaintext, contentOffset);
      else
        for (const segment of segmentsOfContent(target.entry, contentOffset, plaintext.length)) {
          const from = segment.contentOffset - contentOffset;
          file.write(plaintext.subarray(from, from + segment.length), segment.fileOffset);
        }
      state.bytes += plaintext.length;
      if (state.expected > 0) return;
      open.delete(state);
      if (target.whole) this.#finish(state, folders.hold(target.folder));
      else close(state);
    });
  }

  /** A file of one chunk and with nothing particular about it, where its name is free. False: the usual way, by a temporary name. */
  #placeWhole(state: State, plaintext: Uint8Array, { folders }: Hands): boolean {
    const { target } = state;
    const { entry, folder: identity } = target;
    if (!target.whole || target.replaces || identity.inherits || state.file || state.made) return false;
    if (plaintext.length !== entry.size || entry.dataRanges !== undefined) return false;
    let placed = false;
    this.#orFail(state, () => {
      const { folder, owner } = folders.hold(identity);
      // The first file of a folder tells whose its files are.
      const facts = owner && plainFacts(this.#platform, entry, owner);
      placed = facts !== undefined && folder.placeWhole?.(bytesOf(target.name), plaintext, facts) === 'done';
    });
    if (state.error) return true;
    if (!placed) return false;
    state.bytes += plaintext.length;
    state.finished = true;
    return true;
  }

  #create(state: State, { folder }: Held): void {
    const temporary = bytesOf(state.target.temporary);
    try {
      state.file = folder.create(temporary);
    } catch (error) {
      if (!isAppError(error, 'file_exists')) throw error;
      // Left by a restore that was killed.
      folder.remove(temporary);
      state.file = folder.create(temporary);
    }
    state.made = true;
  }

  #finish(state: State, held: Held): void {
    const { target } = state;
    const temporary = bytesOf(target.temporary);
    if (target.whole && this.#platform.capabilities.ownership) held.owner ??= state.file!.owner();
    applyMetadata(this.#platform, this.#platform.join(held.path, temporary), target.entry, this.#notes, {
      file: state.file!,
      ...(target.whole && held.owner && { owner: held.owner }),
      // A clone may have brought attributes along.
      inherits: target.folder.inherits || !target.whole,
    });
    close(state);
    if (target.rename === 'now') held.folder.rename(temporary, bytesOf(target.name));
    state.finished = true;
  }

  /** Closes; what was made here and is not whole goes, as far as it lets itself be removed. */
  #abandon(state: State, folders: HeldFolders): void {
    const { folder, temporary } = state.target;
    try {
      close(state);
      if (state.made) folders.hold(folder).folder.remove(bytesOf(temporary));
    } catch (error) {
      if (!isAppError(error)) throw error;
      this.#notes.note(this.#platform.join(bytesOf(folder.path), bytesOf(temporary)), 'temporary_left', 'could not be removed');
    }
  }

  /** Written into a folder that its path does not lead to any more: nobody would look for it there. */
  #takeBack(state: State, { folder, path }: Held, error: AppError): void {
    const { name, temporary, rename } = state.target;
    const made = bytesOf(state.finished && rename === 'now' ? name : temporary);
    state.finished = false;
    state.made = false;
    state.error ??= sentError(error);
    try {
      close(state);
      folder.remove(made);
    } catch (failure) {
      if (!isAppError(failure)) throw failure;
      this.#notes.note(this.#platform.join(path, made), 'temporary_left', 'could not be removed');
    }
  }

  #orFail(state: State, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isAppError(error) || error.code === 'disk_full') throw error;
      state.error = sentError(error);
    }
  }
}

interface State {
  readonly target: WriteTarget;
  bytes: number;
  finished: boolean;
  /** Places that are still to come in this run. */
  expected: number;
  made?: boolean;
  file?: OpenFile | undefined;
  error?: ReturnType<typeof sentError>;
  unopened?: true;
}

/** Where a chunk goes that goes past the page cache. */
interface UncachedPlace {
  readonly state: State;
  readonly position: number;
}

/** What a run has open. */
interface Hands {
  readonly open: Set<State>;
  readonly folders: HeldFolders;
}

/** An opener wants room for the seal as well. */
const sealBytes = 64;

/** A large enough chunk with one place, in a file that goes past the page cache. */
function uncachedPlace(run: WriteRun, index: number, places: Float64Array, states: readonly State[]): UncachedPlace | undefined {
  const state = states[places[0]!]!;
  if (!state.target.uncached || places.length > 2 || run.chunks[4 * index + 2]! < restoreLimits.uncachedChunkBytes) return undefined;
  return state.error || state.unopened ? undefined : { state, position: places[1]! };
}

function close(state: State): void {
  const { file } = state;
  state.file = undefined;
  file?.close();
}

function closeOne(open: Set<State>): void {
  const state = open.values().next().value!;
  open.delete(state);
  close(state);
}

export const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
