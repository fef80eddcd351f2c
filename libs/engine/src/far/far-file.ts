import type { DataRange, FileFacts } from '../platform/index.ts';
import type { FarEnded, FarOpened } from './far-messages.ts';

/** How a {@link FarFile} reaches its file. */
export interface FarFilePorts {
  /** The next piece; an empty one at the end. */
  readonly read: () => Promise<Uint8Array>;
  readonly end: () => Promise<FarEnded>;
}

/** A file on a far mount that is being read. Memory: two pieces, of which one is on its way. */
export class FarFile {
  /** As of the moment before it is read. */
  readonly facts: FileFacts;
  readonly ranges: readonly DataRange[] | undefined;
  readonly #ports: FarFilePorts;
  #left: number;
  #next: Promise<Uint8Array> | undefined;
  #piece: Uint8Array = new Uint8Array();

  constructor({ facts, ranges, contentBytes }: FarOpened, ports: FarFilePorts) {
    this.facts = facts;
    this.ranges = ranges;
    this.#ports = ports;
    this.#left = contentBytes;
    this.#fetch();
  }

  /** Fills `into` as far as the content goes; fewer bytes only at its end. */
  async read(into: Uint8Array): Promise<number> {
    let done = 0;
    while (done < into.length) {
      if (this.#piece.length === 0) {
        if (!this.#next) break;
        this.#piece = await this.#next;
        this.#left = this.#piece.length === 0 ? 0 : this.#left - this.#piece.length;
        this.#fetch();
        continue;
      }
      const part = this.#piece.subarray(0, into.length - done);
      into.set(part, done);
      this.#piece = this.#piece.subarray(part.length);
      done += part.length;
    }
    return done;
  }

  /** Must be called once, whatever became of it. */
  end(): Promise<FarEnded> {
    return this.#ports.end();
  }

  #fetch(): void {
    this.#next = this.#left > 0 ? this.#ports.read() : undefined;
    // It is awaited later.
    this.#next?.catch(() => undefined);
  }
}
