import type { Stream } from '@libp2p/interface';
import type { PackId } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { CarryOptions, PackConnection } from './carrier.ts';
import type { TransferLimits } from './limits.ts';
import type { LinkPace } from './link-rates.ts';
import type { PackRequest } from './messages.ts';
import { decodeEnd, decodeError, decodeFrameHeader, encodeRequest, frameHeaderBytes } from './messages.ts';
import { StreamBytes } from './stream-bytes.ts';
import { Watchdog } from './watchdog.ts';
import type { Clock } from '#libs/kernel';

export interface ExchangeOptions {
  /** For messages: the device's name. */
  readonly from: string;
  readonly limits: TransferLimits;
  readonly clock: Clock;
  readonly download: LinkPace;
}

interface Frame {
  readonly kind: 'root' | 'leaf';
  readonly payload: Uint8Array;
}

/** The client's side of `/holdfast/pack/1` on one open stream. Any failure but an answered error resets the stream. */
export class PackExchange implements PackConnection {
  readonly #stream: Stream;
  readonly #options: ExchangeOptions;
  readonly #bytes: StreamBytes;
  readonly #watchdog: Watchdog;
  readonly #closed = new AbortController();
  #busy = false;

  constructor(stream: Stream, options: ExchangeOptions) {
    this.#stream = stream;
    this.#options = options;
    const { limits, clock } = options;
    this.#watchdog = new Watchdog(clock, limits.idleTimeoutMs, Math.min(limits.idleTimeoutMs, limits.frameTimeoutMs), (error) =>
      stream.abort(error),
    );
    this.#bytes = new StreamBytes(stream, {
      onProgress: () => this.#watchdog.touch(),
      afterReceive: async (bytes) => {
        // Waiting for our own limit is no fault of the other side.
        this.#watchdog.rest();
        await options.download.take(bytes, this.#closed.signal);
      },
    });
    stream.addEventListener('close', () => {
      this.#watchdog.stop();
      this.#closed.abort(new SwarmError('source_unavailable', `${options.from}: the stream is closed`, { status: 'temporary' }));
    });
  }

  /** False once the stream can't carry another request. */
  get usable(): boolean {
    return this.#stream.status === 'open' && this.#stream.remoteWriteStatus === 'writable' && !this.#busy;
  }

  get paced(): boolean {
    return !this.#options.download.unlimited;
  }

  async rootBlock(packId: PackId, options: CarryOptions = {}): Promise<Uint8Array> {
    let root: Uint8Array | undefined;
    for await (const frame of this.#ask({ kind: 'root', packId }, 'root', 1, options)) root = frame;
    return root!;
  }

  leaves(packId: PackId, first: number, count: number, options: CarryOptions = {}): AsyncGenerator<Uint8Array> {
    return this.#ask({ kind: 'leaves', packId, first, count }, 'leaf', count, options);
  }

  async close(): Promise<void> {
    this.#watchdog.stop();
    if (this.#busy) this.#stream.abort(new SwarmError('source_unavailable', 'the transfer was given up'));
    else await this.#stream.close({ signal: AbortSignal.timeout(1_000) }).catch((error: unknown) => this.#stream.abort(error as Error));
  }

  /** Sends one request and yields its `count` blocks. Left early, the stream is reset: the rest would come otherwise. */
  async *#ask(request: PackRequest, kind: 'root' | 'leaf', count: number, { signal }: CarryOptions): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted();
    if (!this.usable)
      throw new SwarmError('source_unavailable', `${this.#options.from}: the stream is closed or in use`, { status: 'temporary' });
    this.#busy = true;
    const onAbort = (): void => this.#stream.abort(signal!.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    let inStep = false;
    try {
      this.#watchdog.enter(this.#options.limits.frameTimeoutMs);
      await this.#bytes.write(encodeRequest(request));
      for (let received = 0; received < count; received += 1) {
        signal?.throwIfAborted();
        const frame = await this.#frame();
        if (frame instanceof SwarmError) {
          inStep = true;
          throw frame;
        }
        if (typeof frame === 'number' || frame.kind !== kind) throw this.#violation(`${count} blocks were asked for, ${received} came`);
        yield frame.payload;
      }
      const end = await this.#frame();
      if (end !== count) throw end instanceof SwarmError ? end : this.#violation(`more than the ${count} blocks that were asked for`);
      inStep = true;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#watchdog.rest();
      this.#busy = false;
      if (!inStep) this.#stream.abort(new SwarmError('source_unavailable', 'the transfer was given up', { status: 'temporary' }));
    }
  }

  /** The next frame: a block, the number of an end frame, or the error that was answered. */
  async #frame(): Promise<Frame | number | SwarmError> {
    this.#watchdog.enter(this.#options.limits.frameTimeoutMs);
    const header = await this.#bytes.read(frameHeaderBytes);
    if (!header)
      throw new SwarmError('source_unavailable', `${this.#options.from} ended the stream in the middle of an answer`, {
        status: 'temporary',
      });
    const { kind, length } = decodeFrameHeader(header);
    this.#watchdog.enter(this.#options.limits.frameTimeoutMs);
    const payload = await this.#bytes.read(length);
    if (!payload)
      throw new SwarmError('source_unavailable', `${this.#options.from} ended the stream in the middle of an answer`, {
        status: 'temporary',
      });
    if (kind === 'end') return decodeEnd(payload);
    if (kind === 'error') return decodeError(payload, this.#options.from);
    return { kind, payload };
  }

  #violation(what: string): SwarmError {
    return new SwarmError('protocol_violation', `${this.#options.from}: ${what}`, { context: { from: this.#options.from } });
  }
}
