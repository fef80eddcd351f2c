import { SwarmError } from '../errors.ts';
import type { LeafMemory } from '../pack-store/leaf-memory.ts';
import { leafBytes } from '../pack-transfer/limits.ts';
import { fastLaneLimits } from './limits.ts';
import type { ResponseHead } from './response-head.ts';
import { parseResponseHead } from './response-head.ts';

/** The two callbacks of `onread` (node:net): where the next bytes go, and how many came. */
export interface ReadInto {
  readonly buffer: () => Uint8Array;
  readonly callback: (bytesWritten: number) => boolean;
}

interface Body {
  left: number;
  piece: Uint8Array;
  filled: number;
}

/**
 * Takes in HTTP answers from a socket, straight into the memory where each leaf will stand: nothing is copied after TLS has
 * decrypted it, and nothing allocated but leaves. node:http would do the same at twice the processor time on this side.
 * Memory: `leavesAhead` + 1 leaves and one head.
 */
export class ResponseReader {
  readonly #memory: LeafMemory;
  readonly #head = new Uint8Array(fastLaneLimits.responseHeadBytes);
  #headFilled = 0;
  /** Longest body that the request under way may be answered with; undefined: nobody asked anything. */
  #expectBytes: number | undefined;
  #answer: ResponseHead | undefined;
  #body: Body | undefined;
  readonly #pieces: Uint8Array[] = [];
  #failure: SwarmError | undefined;
  #wake: (() => void) | undefined;
  #paused = false;
  /** Set by whoever owns the socket. */
  onPause: (paused: boolean) => void = () => undefined;
  onProgress: () => void = () => undefined;
  onFailure: (error: SwarmError) => void = () => undefined;

  constructor(memory: LeafMemory) {
    this.#memory = memory;
  }

  /** For `tls.connect`. */
  readonly onread: ReadInto = {
    // Never an empty one: TLS would try to write into it for ever. After a failure what still comes is written over.
    buffer: () => {
      if (this.#failure) return this.#head;
      return this.#body ? this.#body.piece.subarray(this.#body.filled) : this.#head.subarray(this.#headFilled);
    },
    callback: (bytesWritten) => {
      this.onProgress();
      try {
        if (this.#failure) return false;
        if (this.#body) this.#bodyCame(bytesWritten);
        else this.#headCame(bytesWritten);
      } catch (error) {
        this.fail(error as SwarmError);
        this.onFailure(error as SwarmError);
        return false;
      }
      this.#paused = this.#pieces.length >= fastLaneLimits.leavesAhead;
      return !this.#paused;
    },
  };

  /** A request goes out now; an answer that is longer breaks the rules. */
  expect(maxBodyBytes: number): void {
    this.#expectBytes = maxBodyBytes;
    this.#answer = undefined;
  }

  /** The head of the answer. Throws what {@link fail} was called with, `protocol_violation`. */
  async head(): Promise<ResponseHead> {
    for (;;) {
      if (this.#answer) return this.#answer;
      await this.#more();
    }
  }

  /** The next piece of the body, a leaf long but for the last one; undefined when all was given out. */
  async piece(): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) {
        if (this.#paused) {
          this.#paused = false;
          this.onPause(false);
        }
        return piece;
      }
      if (!this.#body) return undefined;
      await this.#more();
    }
  }

  /** The connection is over: pieces that came whole are still given out. */
  fail(error: SwarmError): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  async #more(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  #headCame(bytes: number): void {
    if (this.#expectBytes === undefined || this.#answer) throw violation('an answer that nobody asked for');
    const searchFrom = Math.max(0, this.#headFilled - 3);
    this.#headFilled += bytes;
    const head = Buffer.from(this.#head.buffer, 0, this.#headFilled);
    const end = head.indexOf('\r\n\r\n', searchFrom, 'latin1');
    if (end < 0) {
      if (this.#headFilled === this.#head.length) throw violation('the head of the answer is too long');
      return;
    }
    const answer = parseResponseHead(head.toString('latin1', 0, end));
    if (answer.contentLength > this.#expectBytes)
      throw violation(`an answer of ${answer.contentLength} bytes, ${this.#expectBytes} were expected`);
    this.#answer = answer;
    this.#headFilled = 0;
    if (answer.contentLength > 0) this.#body = { left: answer.contentLength, piece: this.#nextPiece(answer.contentLength), filled: 0 };
    const rest = head.subarray(end + 4);
    if (rest.length > (this.#body?.piece.length ?? 0)) throw violation('more than the answer');
    this.#body?.piece.set(rest);
    if (this.#body && rest.length > 0) this.#bodyCame(rest.length);
    this.#wake?.();
  }

  #bodyCame(bytes: number): void {
    const body = this.#body!;
    body.filled += bytes;
    body.left -= bytes;
    if (body.filled < body.piece.length) return;
    this.#pieces.push(body.piece);
    if (body.left === 0) this.#body = undefined;
    else {
      body.piece = this.#nextPiece(body.left);
      body.filled = 0;
    }
    this.#wake?.();
  }

  #nextPiece(left: number): Uint8Array {
    return this.#memory.take().subarray(0, Math.min(left, leafBytes));
  }
}

const violation = (what: string): SwarmError => new SwarmError('protocol_violation', `fast lane: ${what}`);
