import type { FileProblem } from '../errors.ts';
import { problemOf } from '../file-problem.ts';
import { displayPath } from '../platform/index.ts';
import type { Notes } from './note-collector.ts';
import { restoreLimits } from './limits.ts';

/** What happened so far in a restore. */
export class RestoreCounts implements Notes {
  files = 0;
  directories = 0;
  others = 0;
  bytes = 0;
  filesSkipped = 0;
  filesUnchanged = 0;
  bytesUnchanged = 0;
  filesTotal = 0;
  bytesTotal = 0;
  bytesFetched = 0;
  filesVerified = 0;
  errorCount = 0;
  current: string | undefined;
  /** Of a dry run: pack and offset in one number. */
  readonly chunksSeen = new Set<number>();
  readonly packsNeeded = new Set<number>();
  readonly packsFetched = new Set<number>();
  readonly errors: FileProblem[] = [];
  readonly notes: FileProblem[] = [];
  readonly #said = new Set<string>();

  fail(path: Uint8Array, error: unknown): void {
    this.errorCount += 1;
    if (this.errors.length >= restoreLimits.reportedProblems) return;
    this.errors.push(problemOf(path, error));
  }

  note(path: Uint8Array, code: string, message: string): void {
    if (this.notes.length < restoreLimits.reportedProblems) this.notes.push({ path: displayPath(path), code, message });
  }

  /** A note that is said for the first file only, since it goes for many. */
  noteOnce(path: Uint8Array, code: string, message: string): void {
    if (this.#said.has(code)) return;
    this.#said.add(code);
    this.note(path, code, message);
  }
}
