import { join } from 'node:path';
import { isAppError, Mutex, utf8 } from '#libs/kernel';
import type { DurableFiles } from '#libs/kernel/node';
import { type OutboxEntry, outboxEntry } from './outbox-entry.ts';

/** A snapshot commit carries a head of at most 8 MiB and a bitmap of 4 MiB, in base64url. */
const maxEntryBytes = 20 * 1024 * 1024;

export interface OutboxPorts {
  readonly files: DurableFiles;
  readonly folder: string;
  /** Tells the coordinator. Must be idempotent: after a crash the same entry comes again. */
  deliver(entry: OutboxEntry, signal: AbortSignal): Promise<void>;
  /** An entry that the coordinator refused for good (or that can't be read) was put aside. */
  onRejected(entry: OutboxEntry | undefined, error: unknown): void;
}

/**
 * What must still be reported, one file an entry, numbered. Guarantees: an entry whose `put` resolved is delivered at
 * least once, in order, whatever dies in between; a coordinator that can't be reached keeps everything waiting; an entry
 * that it refuses for good goes to `rejected/`, so that it does not block what comes after.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #writing = new Mutex();
  readonly #delivering = new Mutex();
  #names: string[] = [];
  #nextNumber = 1;
  #changed: (() => void) | undefined;

  private constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  static async open(ports: OutboxPorts): Promise<Outbox> {
    const outbox = new Outbox(ports);
    await ports.files.sweep(ports.folder);
    const names = (await ports.files.list(ports.folder))
      .filter((e) => e.kind === 'file' && /^\d{12}\.json$/.test(e.name))
      .map((e) => e.name);
    outbox.#names = names.sort();
    outbox.#nextNumber = Number.parseInt(outbox.#names.at(-1) ?? '0', 10) + 1;
    return outbox;
  }

  /** Entries that wait. */
  get waiting(): number {
    return this.#names.length;
  }

  /** Durable when it resolves. */
  async put(entry: OutboxEntry): Promise<void> {
    await this.#writing.run(async () => {
      const name = `${String(this.#nextNumber).padStart(12, '0')}.json`;
      await this.#ports.files.replace(join(this.#ports.folder, name), utf8(JSON.stringify(entry)));
      this.#nextNumber += 1;
      this.#names.push(name);
    });
    this.#changed?.();
  }

  /**
   * Delivers until nothing waits. Throws the first temporary failure (the entry stays), or the signal's reason.
   * Several callers at once share the work; each waits no longer than its own signal says.
   */
  async flush(signal: AbortSignal): Promise<void> {
    await this.#delivering.run(
      async () => {
        while (this.#names.length > 0) {
          signal.throwIfAborted();
          await this.#deliverFirst(this.#names[0]!, signal);
        }
      },
      { signal },
    );
  }

  /** Resolves when something waits. */
  async untilWaiting(signal: AbortSignal): Promise<void> {
    while (this.#names.length === 0) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#changed = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
  }

  async #deliverFirst(name: string, signal: AbortSignal): Promise<void> {
    const path = join(this.#ports.folder, name);
    let entry: OutboxEntry | undefined;
    try {
      entry = outboxEntry.parse(JSON.parse(new TextDecoder().decode(await this.#ports.files.read(path, { maxBytes: maxEntryBytes }))));
      await this.#ports.deliver(entry, signal);
      await this.#ports.files.remove(path);
    } catch (error) {
      if (!isForGood(entry, error)) throw error;
      await this.#putAside(name);
      this.#ports.onRejected(entry, error);
    }
    this.#names.shift();
  }

  async #putAside(name: string): Promise<void> {
    const { files, folder } = this.#ports;
    try {
      await files.move(join(folder, name), join(folder, 'rejected', name));
    } catch (error) {
      // Removed by somebody else, a repair of the file system for one: what comes after must not wait for it.
      if (!isAppError(error, 'file_not_found')) throw error;
    }
  }
}

/** True when trying again can't help: the entry is unreadable, or the coordinator said no to it and not to us. */
function isForGood(entry: OutboxEntry | undefined, error: unknown): boolean {
  if (entry === undefined) return !isAppError(error) || error.status === 'permanent';
  if (!isAppError(error, 'coordinator_refused') || error.status === 'temporary') return false;
  const status = error.context['httpStatus'];
  // 401 and 403 are about the device (a clock, a revocation that may be taken back), not about the entry.
  return status !== 401 && status !== 403;
}
