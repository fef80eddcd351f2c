import type { Worker } from 'node:worker_threads';
import { messageOf } from '#libs/kernel';
import { diskFull, EngineError, interrupted } from '../errors.ts';
import { startThread } from '../start-thread.ts';
import type { PartJob, PartOutcome } from './file-part.ts';
import type { FileJob, FileOutcome, Sealer, SealerPorts, SealerVault } from './sealer.ts';
import { backupLimits } from './limits.ts';
import type { FromWorker, ToWorker, WorkerStart } from './seal-messages.ts';
import { receiveOutcomes, sendJobs } from './batch-for-thread.ts';

/** A {@link Sealer} in a thread of its own. Calls may overlap: they are answered in their order, so that the thread has the next batch when it is done with one. */
export class WorkerSealer implements Sealer {
  readonly #worker: Worker;
  readonly #ports: SealerPorts;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting: { resolve(message: FromWorker): void; reject(error: unknown): void }[] = [];
  readonly #ready = Promise.withResolvers<void>();
  #closing: Promise<void> | undefined;
  #storeError: unknown;
  #dead: EngineError | undefined;
  /** Something was asked of it. */
  #used = false;

  constructor(options: {
    vault: SealerVault;
    ports: SealerPorts;
    stagingFolder: string | undefined;
    giveWay: boolean;
    sealedBytes: Float64Array;
    signal: AbortSignal | undefined;
  }) {
    const { vault, ports, stagingFolder, giveWay, sealedBytes, signal } = options;
    this.#ports = ports;
    const start: WorkerStart = { vault, stagingFolder, giveWay, stop: this.#stop, sealedBytes };
    this.#worker = startThread('seal-worker', import.meta.url, {
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: backupLimits.workerHeapMiB, maxYoungGenerationSizeMb: backupLimits.workerYoungMiB },
    });
    // The thread waits for an answer that there will be none to; and nobody waits for this promise.
    this.#worker.on('message', (message: FromWorker) => void this.#receive(message).catch((error: unknown) => this.#die(messageOf(error))));
    this.#worker.on('error', (error) => this.#die(messageOf(error)));
    this.#worker.on('exit', (code) => this.#die(`ended with code ${code}`));
    const stop = (): void => void Atomics.store(this.#stop, 0, 1);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    // Whoever waits for it learns of it; if nobody does, the run was over before.
    this.#ready.promise.catch(() => undefined);
  }

  /** The thread has loaded what it needs. Throws `worker_failed` when it ended before. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  async seal(jobs: readonly FileJob[]): Promise<FileOutcome[]> {
    const answer = await this.#request({ type: 'seal', jobs: sendJobs(jobs) });
    if (answer.type !== 'sealed') throw this.#failure(answer);
    return receiveOutcomes(answer.outcomes);
  }

  async sealPart(job: PartJob): Promise<PartOutcome> {
    const answer = await this.#request({ type: 'seal-part', job });
    if (answer.type !== 'sealed-part') throw this.#failure(answer);
    return answer.outcome;
  }

  /** Waits for nothing when the thread never got anything: it may be starting still. */
  async flush(): Promise<void> {
    if (!this.#used) return;
    const answer = await this.#request({ type: 'flush' });
    if (answer.type !== 'flushed') throw this.#failure(answer);
  }

  /** Waits for a thread that is starting still: one that is ended while it loads binaries can take the whole process with it. */
  close(): Promise<void> {
    this.#dead ??= new EngineError('worker_failed', 'the sealing thread is closed');
    return (this.#closing ??= this.#end());
  }

  async #end(): Promise<void> {
    await this.#ready.promise.catch(() => undefined);
    await this.#worker.terminate();
  }

  #request(message: ToWorker): Promise<FromWorker> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#dead);
      this.#used = true;
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(message);
    });
  }

  async #receive(message: FromWorker): Promise<void> {
    if (message.type === 'ready') this.#ready.resolve();
    else if (message.type === 'claim') {
      this.#reply({ type: 'claimed', flags: await this.#ports.claim(message.ids) });
    } else if (message.type === 'store') {
      try {
        await this.#ports.store(message.pack);
        this.#reply({ type: 'stored', ok: true });
      } catch (error) {
        this.#storeError = error;
        this.#reply({ type: 'stored', ok: false });
      }
    } else {
      this.#waiting.shift()?.resolve(message);
    }
  }

  #reply(message: ToWorker): void {
    if (!this.#dead) this.#worker.postMessage(message);
  }

  #failure(answer: FromWorker): unknown {
    if (answer.type !== 'failed') return new EngineError('worker_failed', `a sealing thread answered ${answer.type}`);
    if (answer.what === 'store' && this.#storeError !== undefined) return this.#storeError;
    if (answer.what === 'store' && answer.code === 'disk_full') return diskFull(answer.message);
    if (answer.what === 'interrupted') return interrupted();
    return new EngineError('worker_failed', `a sealing thread failed: ${answer.message}`, { status: 'temporary' });
  }

  #die(message: string): void {
    this.#dead ??= new EngineError('worker_failed', `a sealing thread failed: ${message}`, {
      status: 'temporary',
      nextStep: 'Run the backup again.',
    });
    this.#ready.reject(this.#dead);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#dead);
  }
}
