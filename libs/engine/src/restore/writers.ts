import type { Written } from './file-writer.ts';
import { restoreLimits } from './limits.ts';
import type { CompareJob, CompareOutcome, WriteRun, WriteTarget } from './write-messages.ts';
import type { Writer } from './writer.ts';

interface Loaded {
  readonly writer: Writer;
  load: number;
}

/** Several writers as one: each call goes to the one with the least to do. Threads are started only once there is work for them. */
export class Writers implements Writer {
  #writers: readonly Loaded[];
  readonly #threads: () => readonly Writer[];
  #started = false;

  /** `threads` may give none: all work is then done by `local`. */
  constructor(local: Writer, threads: () => readonly Writer[]) {
    this.#writers = [{ writer: local, load: 0 }];
    this.#threads = threads;
  }

  get count(): number {
    return this.#writers.length;
  }

  /** So much is about to be written: for a file or two, starting a thread takes longer than the work. */
  expect(files: number, bytes: number): void {
    if (this.#started || (files < restoreLimits.threadsFromFiles && bytes < restoreLimits.threadsFromBytes)) return;
    this.#started = true;
    const threads = this.#threads();
    if (threads.length > 0) this.#writers = threads.map((writer) => ({ writer, load: 0 }));
  }

  write(run: WriteRun): Promise<Written> {
    return this.#least((writer) => writer.write(run));
  }

  finish(target: WriteTarget): Promise<Written> {
    return this.#least((writer) => writer.finish(target));
  }

  compare(jobs: readonly CompareJob[]): Promise<readonly CompareOutcome[]> {
    return this.#least((writer) => writer.compare(jobs));
  }

  async close(): Promise<void> {
    for (const { writer } of this.#writers) await writer.close();
  }

  async #least<T>(call: (writer: Writer) => Promise<T>): Promise<T> {
    const one = this.#writers.reduce((least, next) => (next.load < least.load ? next : least));
    one.load += 1;
    try {
      return await call(one.writer);
    } finally {
      one.load -= 1;
    }
  }
}
