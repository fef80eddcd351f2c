import type { Stream } from '@libp2p/interface';
import { messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';

/** Received bytes beyond which the sender is told to wait: two leaves, so that one is in flight while one is verified. */
const pauseAboveBytes = 2 * 1024 * 1024;
/**
 * Pieces in which large payloads are sent: rate limits and watchdogs see progress between them. A seventeenth of a leaf,
 * because with yamux's header it just fits into one noise record (65,519 bytes); 64 KiB would make two of each.
 */
const pieceBytes = 61_696;

export interface StreamBytesOptions {
  /** Called for every piece that arrived or went out: feeds a watchdog. */
  readonly onProgress: () => void;
  /** Waited for before a piece is sent, and after one was taken in. */
  readonly beforeSend?: (bytes: number) => Promise<void>;
  readonly afterReceive?: (bytes: number) => Promise<void>;
}

/**
 * Exact reads and paced writes on a libp2p stream. Memory: at most {@link pauseAboveBytes} and one window beyond what a
 * read asked for; whoever calls bounds the length first.
 */
export class StreamBytes {
  readonly #stream: Stream;
  readonly #options: StreamBytesOptions;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  /** Bytes of the queue's first piece that were taken already. */
  #taken = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Stream, options: StreamBytesOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.addEventListener('message', (event) => {
      // A list is many small pieces of one decrypted record: keep views, copy once when read.
      const pieces: Iterable<Uint8Array> = event.data instanceof Uint8Array ? [event.data] : event.data;
      for (const piece of pieces) {
        this.#queue.push(piece);
        this.#queued += piece.length;
      }
      options.onProgress();
      if (this.#queued > pauseAboveBytes && stream.readStatus === 'readable') stream.pause();
      this.#wake?.();
    });
    stream.addEventListener('remoteCloseWrite', () => this.#end(undefined));
    stream.addEventListener('close', (event) => this.#end(event.error));
  }

  /** Exactly `length` bytes in one new array, or undefined when the other side ended before the first of them. Throws `source_unavailable` when it ends in between. */
  async read(length: number): Promise<Uint8Array | undefined> {
    // Not zeroed first: every byte is written before anybody sees it. Not from the pool: leaves are kept for a while.
    const memory = Buffer.allocUnsafeSlow(length);
    const out = new Uint8Array(memory.buffer, memory.byteOffset, length);
    let done = 0;
    while (done < length) {
      const piece = this.#queue[0];
      if (!piece) {
        if (this.#failure) throw broken(this.#failure);
        if (this.#ended || this.#stream.remoteWriteStatus === 'closed') {
          if (done === 0) return undefined;
          throw broken(new Error(`the stream ended after ${done} of ${length} bytes`));
        }
        this.#resume();
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
        continue;
      }
      const part = piece.subarray(this.#taken, this.#taken + length - done);
      out.set(part, done);
      done += part.length;
      this.#taken += part.length;
      if (this.#taken === piece.length) {
        this.#queue.shift();
        this.#taken = 0;
      }
      this.#queued -= part.length;
    }
    if (this.#options.afterReceive) await this.#options.afterReceive(length);
    if (this.#queued <= pauseAboveBytes) this.#resume();
    return out;
  }

  /** Resolves when the bytes are handed to the connection. Throws `source_unavailable`. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      if (this.#options.beforeSend) await this.#options.beforeSend(piece.length);
      try {
        if (!this.#stream.send(piece)) await this.#stream.onDrain();
      } catch (error) {
        throw broken(this.#failure ?? error);
      }
      this.#options.onProgress();
    }
  }

  #resume(): void {
    if (this.#stream.readStatus === 'paused') this.#stream.resume();
  }

  #end(error: Error | undefined): void {
    this.#ended = true;
    this.#failure ??= error;
    this.#wake?.();
  }
}

/** An abort carries our own reason (a watchdog's); anything else is a broken connection. */
function broken(error: unknown): SwarmError {
  if (error instanceof SwarmError) return error;
  return new SwarmError('source_unavailable', `the connection broke: ${messageOf(error)}`, { status: 'temporary', cause: error });
}
