import type { StopSignal } from '../errors.ts';
import type { FileWriter, Written } from './file-writer.ts';
import type { CompareJob, CompareOutcome, WriteRun, WriteTarget } from './write-messages.ts';

/** A {@link FileWriter} in this thread or in another. Calls may overlap; while one waits for the disk the next goes on. */
export interface Writer {
  /** Nobody may touch the run's bytes until it settles. */
  write(run: WriteRun): Promise<Written>;
  finish(target: WriteTarget): Promise<Written>;
  compare(jobs: readonly CompareJob[]): Promise<readonly CompareOutcome[]>;
  close(): Promise<void>;
}

/** In this thread. */
export function localWriter(writer: FileWriter, signal: StopSignal | undefined): Writer {
  return {
    write: (run) => writer.write(run, signal),
    finish: async (target) => writer.finish(target),
    compare: async (jobs) => writer.compare(jobs, signal),
    close: async () => undefined,
  };
}
