import type { Primitives } from '#libs/crypto';
import { isAppError } from '#libs/kernel';
import { ChunkOpener, idBytes, type OpenerSeed, segmentsOfContent } from '#libs/vault';
import { EngineError, type StopSignal, throwIfInterrupted } from '../errors.ts';
import { displayPath, type OpenFile, type Platform } from '../platform/index.ts';
import { applyMetadata } from './apply-metadata.ts';
import { compareFile } from './compare-file.ts';
import { restoreLimits } from './limits.ts';
import { NoteCollector } from './note-collector.ts';
import { sentError } from './sent-error.ts';
import type { CompareJob, CompareOutcome, FolderIdentity, Note, TargetOutcome, WriteRun, WriteTarget } from './write-messages.ts';

export interface Written {
  readonly outcomes: readonly TargetOutcome[];
  readonly notes: readonly Note[];
}

/**
 * Opens sealed chunks and writes them to their files; finishes files: metadata, then the name. Works in one thread, without awaiting anything.
 *
 * Each file is written under a temporary name beside its place and renamed when it is whole: nobody ever sees a half restored file under its
 * name, whatever stops the run. What goes wrong with one file is an outcome; only a full disk and an interruption are thrown.
 * Memory: one chunk, and at most {@link restoreLimits.openFiles} open files.
 */
export class FileWriter {
  readonly #platform: Platform;
  readonly #opener: ChunkOpener;
  readonly #notes = new NoteCollector();

  constructor(platform: Platform, primitives: Primitives, seed: OpenerSeed) {
    this.#platform = platform;
    this.#opener = new ChunkOpener(primitives, seed, seed.vaultId);
  }

  write(run: WriteRun, signal?: StopSignal): Written {
    const states = run.targets.map((target): State => ({ target, bytes: 0, finished: false, expected: 0 }));
    for (let place = 0; place < run.places.length; place += 2) states[run.places[place]!]!.expected += 1;
    const open = new Set<State>();
    try {
      let place = 0;
      for (let i = 0, at = 0; at < run.chunks.length; i += 1, at += 4) {
        throwIfInterrupted(signal);
        const end = place + 2 * run.chunks[at + 3]!;
        const concerned = run.places.subarray(place, end);
        place = end;
        this.#writeChunk(run, i, concerned, states, open);
      }
    } finally {
      for (const state of states) if (!state.finished) this.#abandon(state);
    }
    return {
      outcomes: states.map(({ target, bytes, finished, error }) => ({ number: target.number, bytes, finished, ...(error && { error }) })),
      notes: this.#notes.take(),
    };
  }

  /** For a file whose content is all there: metadata, and the name. Makes it when it has none. */
  finish(target: WriteTarget): Written {
    const state: State = { target, bytes: 0, finished: false, expected: 0 };
    this.#orFail(state, () => {
      if (target.whole) {
        state.file = this.#create(target);
        state.made = true;
        // Empty, or one hole.
        if (target.entry.size > 0) state.file.truncate(target.entry.size);
      } else state.file = this.#platform.openToWrite(bytesOf(target.temporary));
      this.#finish(state);
    });
    if (!state.finished) this.#abandon(state);
    const { error } = state;
    return {
      outcomes: [{ number: target.number, bytes: 0, finished: state.finished, ...(error && { error }) }],
      notes: this.#notes.take(),
    };
  }

  compare(jobs: readonly CompareJob[], signal?: StopSignal): CompareOutcome[] {
    return jobs.map((job) => {
      throwIfInterrupted(signal);
      return compareFile(this.#platform, this.#opener, job, (folder) => this.#assertSame(folder), signal);
    });
  }

  #writeChunk(run: WriteRun, index: number, places: Float64Array, states: readonly State[], open: Set<State>): void {
    const [offset, sealedLength, plainLength] = run.chunks.subarray(4 * index) as unknown as [number, number, number];
    const id = run.ids.subarray(index * idBytes, (index + 1) * idBytes);
    const from = offset - run.offset;
    const sealed = run.bytes.subarray(from, from + sealedLength);
    let plaintext: Uint8Array | undefined;
    let failure: unknown;
    try {
      plaintext = this.#opener.open(run.pack, run.kind, id, { offset, sealedLength, plainLength }, sealed);
    } catch (error) {
      if (!isAppError(error)) throw error;
      failure = error;
    }
    for (let place = 0; place < places.length; place += 2) {
      const state = states[places[place]!]!;
      state.expected -= 1;
      if (state.error) continue;
      if (!plaintext) state.error = sentError(failure);
      else this.#put(state, places[place + 1]!, plaintext, open);
    }
    if (plaintext) discard(plaintext);
  }

  #put(state: State, contentOffset: number, plaintext: Uint8Array, open: Set<State>): void {
    const { target } = state;
    this.#orFail(state, () => {
      if (!state.file) {
        if (open.size >= restoreLimits.openFiles) this.#closeOne(open);
        if (target.whole && !state.made) {
          state.file = this.#create(target);
          state.made = true;
          // The full length at once: holes stay holes, and what is missing is seen by its zeros and never by a short file.
          if (plaintext.length < target.entry.size) state.file.truncate(target.entry.size);
        } else state.file = this.#platform.openToWrite(bytesOf(target.temporary));
        open.add(state);
      }
      for (const segment of segmentsOfContent(target.entry, contentOffset, plaintext.length)) {
        const from = segment.contentOffset - contentOffset;
        state.file.write(plaintext.subarray(from, from + segment.length), segment.fileOffset);
      }
      state.bytes += plaintext.length;
      if (state.expected > 0) return;
      open.delete(state);
      if (target.whole) this.#finish(state);
      else close(state);
    });
  }

  #create(target: WriteTarget): OpenFile {
    const temporary = bytesOf(target.temporary);
    let file: OpenFile;
    try {
      file = this.#platform.create(temporary);
    } catch (error) {
      if (!isAppError(error, 'file_exists')) throw error;
      // Left by a restore that was killed.
      this.#platform.remove(temporary, 'file');
      file = this.#platform.create(temporary);
    }
    try {
      // Once it is made, its folder is looked at: nothing is written when that was exchanged for a link to elsewhere.
      this.#assertSame(target.folder);
    } catch (error) {
      file.close();
      this.#platform.remove(temporary, 'file');
      throw error;
    }
    return file;
  }

  #finish(state: State): void {
    const { target } = state;
    const temporary = bytesOf(target.temporary);
    applyMetadata(this.#platform, temporary, target.entry, this.#notes, {
      file: state.file!,
      // A clone may have brought attributes along.
      inherits: target.folder.inherits || !target.whole,
    });
    close(state);
    // Were the folder exchanged meanwhile, the temporary file would not be there to be renamed.
    if (target.rename === 'now') this.#platform.rename(temporary, bytesOf(target.path));
    state.finished = true;
  }

  #assertSame(folder: FolderIdentity): void {
    const path = bytesOf(folder.path);
    const facts = this.#platform.facts(path);
    if (facts.kind !== 'directory' || facts.inode !== folder.inode || facts.device !== folder.device)
      throw new EngineError('symlink_in_path', `${displayPath(path)}: was exchanged during the restore`);
  }

  #closeOne(open: Set<State>): void {
    const state = open.values().next().value!;
    open.delete(state);
    close(state);
  }

  /** Closes; what was made here and is not whole goes, as far as it lets itself be removed. */
  #abandon(state: State): void {
    try {
      close(state);
      if (state.made) this.#platform.remove(bytesOf(state.target.temporary), 'file');
    } catch (error) {
      if (!isAppError(error)) throw error;
      this.#notes.note(bytesOf(state.target.temporary), 'temporary_left', 'could not be removed');
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
}

function close(state: State): void {
  const { file } = state;
  state.file = undefined;
  file?.close();
}

/** Gives the memory back now: the garbage collector sees only a small object and would let hundreds of megabytes gather. */
function discard(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength) bytes.buffer.transfer(0);
}

export const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1');
