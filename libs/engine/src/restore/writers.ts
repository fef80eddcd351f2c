import type { Written } from './file-writer.ts';
import type { CompareJob, CompareOutcome, WriteRun, WriteTarget } from './write-messages.ts';
import type { Writer } from './writer.ts';

/** Several writers as one: each call goes to the one with the least to do. */
export class Writers implements Writer {
  readonly #writers: readonly { readonly writer: Writer; load: number }[];

  constructor(writers: readonly Writer[]) {
    this.#writers = writers.map((writer) => ({ writer, load: 0 }));
  }

  get count(): number {
    return this.#writers.length;
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
