import type { FileProblem } from '../errors.ts';
import { backupLimits } from './limits.ts';

/** What happened so far in a run: the source of its stats, progress and report. */
export class BackupCounts {
  files = 0;
  /** Of {@link files}, those whose content is sealed or known. */
  filesDone = 0;
  directories = 0;
  bytes = 0;
  /** Of {@link bytes}, those of files that nothing had to be read of. */
  unchangedBytes = 0;
  readBytes = 0;
  newFiles = 0;
  changedFiles = 0;
  unchangedFiles = 0;
  newChunks = 0;
  newPacks = 0;
  newPackBytes = 0;
  errors = 0;
  excluded = 0;
  /** Some folder could not be read. */
  partial = false;
  /** Where the run is, for people; made readable only when somebody looks. */
  current: Uint8Array | undefined;
  readonly problems: FileProblem[] = [];
  readonly notes: FileProblem[] = [];

  /** A file that is in the parent snapshot just so. */
  standing(sizeBytes: number): void {
    this.files += 1;
    this.filesDone += 1;
    this.unchangedFiles += 1;
    this.bytes += sizeBytes;
    this.unchangedBytes += sizeBytes;
  }

  problem(problem: FileProblem): void {
    this.errors += 1;
    // A whole file system is missing, or from some file on.
    if (problem.code === 'not_answering') this.partial = true;
    if (this.problems.length < backupLimits.reportedProblems) this.problems.push(problem);
  }

  note(note: FileProblem): void {
    if (this.notes.length < backupLimits.reportedProblems) this.notes.push(note);
  }
}
