import type { ChildProcess } from 'node:child_process';
import type { FarMount } from '#libs/kernel/far-mounts';
import type { ReadAttributes } from '../backup/read-attributes.ts';
import { EngineError, type EngineErrorCode, interrupted } from '../errors.ts';
import { displayPath, type FileFacts } from '../platform/index.ts';
import { startProcess } from '../start-process.ts';
import { FarFile } from './far-file.ts';
import { farLimits } from './far-limits.ts';
import type { FarAnswer, FarAnswers, FarFailure, FarRequest } from './far-messages.ts';

export interface FarReaderOptions {
  readonly mount: FarMount;
  /** See {@link farLimits.silentMs}. */
  readonly silentMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Processes that a mount did not let go of yet, though they were killed: as long as they are there the mount hangs, and asking again would only add another. By
 * point and device: what is mounted there anew is another mount.
 */
const stuck = new Map<string, ChildProcess>();

/**
 * Reads from one far mount by way of another process, so that nobody here ever waits in the kernel. Calls are answered in their order. From the first call that got no
 * answer in time on, all throw `not_answering` at once, and the process is let go of, whatever it is at. Otherwise throws what the platform throws, and `interrupted`.
 */
export class FarReader {
  readonly mount: FarMount;
  readonly #silentMs: number;
  readonly #signal: AbortSignal | undefined;
  #child: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #asked = 0;
  #open = false;
  #silent = false;
  #deaths = 0;

  constructor({ mount, silentMs, signal }: FarReaderOptions) {
    this.mount = mount;
    this.#silentMs = silentMs;
    this.#signal = signal;
  }

  /** Has a process, and nothing to do for it. */
  get isIdle(): boolean {
    return this.#child !== undefined && this.#asked === 0 && !this.#open;
  }

  async facts(path: Buffer): Promise<FileFacts> {
    const [facts] = await this.#ask({ type: 'facts', paths: [path] });
    return found(facts!);
  }

  /** Of each in turn; a failure of its own where it can't be looked at. */
  async factsOfAll(paths: readonly Buffer[]): Promise<(FileFacts | EngineError)[]> {
    const all: (FileFacts | EngineError)[] = [];
    while (all.length < paths.length) {
      const some = await this.#ask({ type: 'facts', paths: paths.slice(all.length, all.length + farLimits.pathsAtOnce) });
      for (const one of some) all.push('code' in one ? errorOf(one) : one);
    }
    return all;
  }

  /** In no order. */
  async names(folder: Buffer): Promise<Buffer[]> {
    const all: Buffer[] = [];
    for (let request: FarRequest & { type: 'names' } = { type: 'names', path: folder }; ; request = { type: 'names' }) {
      const { names, done } = await this.#ask(request);
      for (const name of names) all.push(name);
      if (done) return all;
    }
  }

  /** Asks for the first names of a folder. Throws what says why it can't be listed. */
  async listable(folder: Buffer): Promise<void> {
    await this.#ask({ type: 'names', path: folder });
  }

  realPath(path: Buffer): Promise<Buffer> {
    return this.#ask({ type: 'real-path', path });
  }

  /** The first bytes of a regular file; none of anything else. */
  start(path: Buffer, maxBytes: number): Promise<Buffer> {
    return this.#ask({ type: 'start', path, maxBytes });
  }

  linkTarget(path: Buffer): Promise<Buffer> {
    return this.#ask({ type: 'link-target', path });
  }

  attributes(path: Buffer): Promise<ReadAttributes> {
    return this.#ask({ type: 'attributes', path });
  }

  /** One file at a time. */
  async open(path: Buffer): Promise<FarFile> {
    this.#open = true;
    try {
      const opened = await this.#ask({ type: 'open', path });
      return new FarFile(opened, {
        read: () => this.#ask({ type: 'read' }),
        end: () => this.#ask({ type: 'end' }).finally(() => (this.#open = false)),
      });
    } catch (error) {
      this.#open = false;
      throw error;
    }
  }

  /** Lets go of the process; the next call starts another. */
  close(): void {
    const child = this.#child;
    this.#child = undefined;
    if (child?.connected) child.disconnect();
    child?.kill('SIGKILL');
  }

  #notAnswering(path: Uint8Array): EngineError {
    return new EngineError('not_answering', `${displayPath(path)}: the ${this.mount.kind} file system at ${this.#where} does not answer`, {
      status: 'temporary',
      context: { path: displayPath(path), mount: this.#where },
      nextStep: 'See whether the machine or the program behind it runs; the rest is backed up meanwhile.',
    });
  }

  #died(): EngineError {
    return new EngineError('not_answering', `the process that reads from ${this.#where} has ended`, { status: 'temporary' });
  }

  get #where(): string {
    return displayPath(Buffer.from(this.mount.point, 'latin1'));
  }

  #ask<T extends FarRequest['type']>(request: FarRequest & { type: T }): Promise<FarAnswers[T]> {
    this.#asked += 1;
    const asking = this.#turn
      .then(() => this.#askNow(request))
      .then((answer) => {
        if ('failed' in answer) throw errorOf(answer.failed);
        return answer.ok as FarAnswers[T];
      })
      .finally(() => (this.#asked -= 1));
    this.#turn = asking.catch(() => undefined);
    return asking;
  }

  async #askNow(request: FarRequest): Promise<FarAnswer> {
    const gone = (): EngineError => this.#notAnswering(pathOf(request) ?? Buffer.from(this.mount.point, 'latin1'));
    if (this.#signal?.aborted) throw interrupted(this.#signal.reason);
    if (this.#silent) throw gone();
    if (this.#deaths >= farLimits.deaths) throw this.#died();
    if (!this.#child && this.#isStuck()) throw gone();
    const child = this.#child?.connected ? this.#child : await this.#start();
    const silence = (): EngineError => {
      this.#silent = true;
      stuck.set(this.#key, child);
      return gone();
    };
    return (await this.#exchange(child, this.#silentMs, silence, request)) as FarAnswer;
  }

  /** An earlier run's process has not come back from there. */
  #isStuck(): boolean {
    const earlier = stuck.get(this.#key);
    this.#silent = earlier !== undefined && earlier.exitCode === null && earlier.signalCode === null;
    if (!this.#silent) stuck.delete(this.#key);
    return this.#silent;
  }

  get #key(): string {
    return `${this.mount.device} ${this.mount.point}`;
  }

  /** The mount is not asked yet, so nothing is said of it when this takes its time. */
  async #start(): Promise<ChildProcess> {
    const child = startProcess('far-process', import.meta.url, { UV_THREADPOOL_SIZE: String(farLimits.looksAtOnce) });
    this.#child = child;
    const late = (): EngineError => {
      this.#deaths += 1;
      return this.#died();
    };
    await this.#exchange(child, farLimits.startMs, late);
    return child;
  }

  /** Its next message. Otherwise the process is let go of: it ended, the run is stopped, or it is too `late`. */
  #exchange(child: ChildProcess, withinMs: number, late: () => EngineError, request?: FarRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let over = false;
      const end = (): boolean => {
        if (over) return false;
        over = true;
        clearTimeout(timer);
        this.#signal?.removeEventListener('abort', stop);
        child.off('message', heard).off('exit', died).off('error', died);
        return true;
      };
      const fail = (reason: () => EngineError): void => {
        if (!end()) return;
        this.close();
        reject(reason());
      };
      const heard = (message: unknown): void => void (end() && resolve(message));
      const stop = (): void => fail(() => interrupted(this.#signal?.reason));
      // Ended by somebody, or never started. The next call has another.
      const died = (): void =>
        fail(() => {
          this.#deaths += 1;
          return this.#died();
        });
      // Much too late for a timer: everybody here was stopped, and so was the process that should have answered.
      const due = performance.now() + withinMs;
      const overdue = (): void => {
        if (performance.now() - due < farLimits.timerLateMs) fail(late);
        else timer = setTimeout(() => fail(late), withinMs);
      };
      let timer = setTimeout(overdue, withinMs);
      this.#signal?.addEventListener('abort', stop, { once: true });
      child.once('message', heard).once('exit', died).once('error', died);
      if (request) child.send(request, (error) => error && died());
    });
  }
}

/** Of all requests but those that go on with an earlier one. */
function pathOf(request: FarRequest): Uint8Array | undefined {
  if ('paths' in request) return request.paths[0];
  return 'path' in request ? request.path : undefined;
}

function errorOf({ code, message }: FarFailure): EngineError {
  return new EngineError(code as EngineErrorCode, message);
}

function found(facts: FileFacts | FarFailure): FileFacts {
  if ('code' in facts) throw errorOf(facts);
  return facts;
}
