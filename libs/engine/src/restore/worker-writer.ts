import type { Worker } from 'node:worker_threads';
import { messageOf } from '#libs/kernel';
import type { OpenerSeed } from '#libs/vault';
import { EngineError } from '../errors.ts';
import { startThread } from '../start-thread.ts';
import type { Written } from './file-writer.ts';
import { receivedError } from './sent-error.ts';
import type { CompareJob, CompareOutcome, FromWriter, ToWriter, WriteRun, WriterStart, WriteTarget } from './write-messages.ts';
import type { Writer } from './writer.ts';

interface Waiting {
  resolve(message: FromWriter): void;
  reject(error: unknown): void;
}

/** A {@link Writer} in a thread of its own. Answers come in the order of the calls. */
export class WorkerWriter implements Writer {
  readonly #worker: Worker;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #signal: AbortSignal | undefined;
  readonly #waiting: Waiting[] = [];
  readonly #loaded = Promise.withResolvers<void>();
  #dead: EngineError | undefined;

  constructor(seed: OpenerSeed, signal: AbortSignal | undefined) {
    const start: WriterStart = { seed, stop: this.#stop };
    this.#worker = startThread('write-worker', import.meta.url, {
      workerData: start,
      // What is large here is outside the heap of the thread; a small young generation gives it back sooner.
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    this.#worker.on('message', (message: FromWriter) => {
      if (message.type === 'ready') this.#loaded.resolve();
      else this.#waiting.shift()?.resolve(message);
    });
    this.#worker.on('error', (error) => this.#die(messageOf(error)));
    this.#worker.on('exit', (code) => this.#die(`ended with code ${code}`));
    this.#signal = signal;
    if (signal?.aborted) this.#abort();
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  /** The run's bytes are copied unless their memory is shared. */
  async write(run: WriteRun): Promise<Written> {
    return this.#written(await this.#request({ type: 'write', run }));
  }

  /** It has loaded what it needs, or ended. */
  get ready(): Promise<void> {
    return this.#loaded.promise;
  }

  async finish(target: WriteTarget): Promise<Written> {
    return this.#written(await this.#request({ type: 'finish', target }));
  }

  async compare(jobs: readonly CompareJob[]): Promise<readonly CompareOutcome[]> {
    const answer = await this.#request({ type: 'compare', jobs });
    if (answer.type !== 'compared') throw this.#failure(answer);
    return answer.outcomes;
  }

  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#dead ??= new EngineError('worker_failed', 'the writing thread is closed');
    // Ended while it loads its native parts, it would take the whole process along.
    await this.ready;
    await this.#worker.terminate();
  }

  readonly #abort = (): void => void Atomics.store(this.#stop, 0, 1);

  #request(message: ToWriter): Promise<FromWriter> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#dead);
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(message);
    });
  }

  #written(answer: FromWriter): Written {
    if (answer.type !== 'written') throw this.#failure(answer);
    return answer;
  }

  #failure(answer: FromWriter): EngineError {
    if (answer.type !== 'failed') return new EngineError('worker_failed', `a writing thread answered ${answer.type}`);
    return receivedError(answer.error);
  }

  #die(message: string): void {
    this.#loaded.resolve();
    this.#dead ??= new EngineError('worker_failed', `a writing thread failed: ${message}`, {
      status: 'temporary',
      nextStep: 'Run the restore again: it goes on from where it stopped.',
    });
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#dead);
  }
}
