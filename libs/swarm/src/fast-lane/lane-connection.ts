import type { TLSSocket } from 'node:tls';
import type { Clock, PackId } from '#libs/kernel';
import { messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { LeafMemory } from '../pack-store/leaf-memory.ts';
import type { CarryOptions, PackConnection } from '../pack-transfer/carrier.ts';
import type { TransferLimits } from '../pack-transfer/limits.ts';
import { leafBytes, maxRootBytes } from '../pack-transfer/limits.ts';
import type { LinkPace } from '../pack-transfer/link-rates.ts';
import { Watchdog } from '../pack-transfer/watchdog.ts';
import { checkedByReceiver, checkHeader, errorHeader, errorOf } from './lane-errors.ts';
import { fastLaneLimits } from './limits.ts';
import type { ResponseHead } from './response-head.ts';
import { parseContentRange } from './response-head.ts';
import type { ResponseReader } from './response-reader.ts';

export interface LaneConnectionOptions {
  /** For messages: the device's name. */
  readonly from: string;
  readonly limits: TransferLimits;
  readonly clock: Clock;
  readonly download: LinkPace;
  readonly memory: LeafMemory;
}

/** The CID of nothing: what gateways are asked to see whether they answer (trustless gateway specification, "probe"). */
const probePath = '/ipfs/bafkqaaa?format=raw';

/** The client's side of the fast lane: HTTP/1.1 requests, one after the other, on a connection whose other end is proved. */
export class LaneConnection implements PackConnection {
  readonly #socket: TLSSocket;
  readonly #reader: ResponseReader;
  readonly #options: LaneConnectionOptions;
  readonly #watchdog: Watchdog;
  readonly #closed = new AbortController();
  #busy = false;
  #closes = false;

  constructor(socket: TLSSocket, reader: ResponseReader, options: LaneConnectionOptions) {
    this.#socket = socket;
    this.#reader = reader;
    this.#options = options;
    const { limits, clock, from } = options;
    this.#watchdog = new Watchdog(clock, limits.idleTimeoutMs, Math.min(limits.idleTimeoutMs, limits.frameTimeoutMs), (error) =>
      this.#giveUp(error),
    );
    reader.onProgress = () => this.#watchdog.touch();
    reader.onPause = (paused) => (paused ? socket.pause() : socket.resume());
    reader.onFailure = (error) => this.#giveUp(error);
    let reason = 'the device ended the connection';
    socket.on('error', (error) => (reason = messageOf(error)));
    socket.once('close', () => {
      this.#watchdog.stop();
      const error = new SwarmError('source_unavailable', `${from}: the connection broke: ${reason}`, { status: 'temporary' });
      reader.fail(error);
      this.#closed.abort(error);
    });
  }

  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && !this.#busy && !this.#closes;
  }

  get paced(): boolean {
    return !this.#options.download.unlimited;
  }

  /** Makes sure that the other side takes requests of ours: with TLS 1.3 a server turns a client away after the client's handshake. */
  async probe(options: CarryOptions = {}): Promise<void> {
    for await (const _ of this.#ask(probePath, [], 0, options, (head) => head.contentLength)) void _;
  }

  async rootBlock(packId: PackId, options: CarryOptions = {}): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    const path = `/ipfs/${packId}?format=raw`;
    for await (const piece of this.#ask(path, [], maxRootBytes, options, (head) => head.contentLength)) parts.push(piece);
    if (parts.length !== 1) throw this.#violation('an empty root block');
    const block = parts[0]!.slice();
    this.recycle(parts[0]!);
    return block;
  }

  async *leaves(packId: PackId, first: number, count: number, options: CarryOptions = {}): AsyncGenerator<Uint8Array> {
    const from = first * leafBytes;
    const wanted = count * leafBytes;
    const headers = [
      'accept: application/octet-stream',
      `range: bytes=${from}-${from + wanted - 1}`,
      ...(options.receiverChecks ? [`${checkHeader}: ${checkedByReceiver}`] : []),
    ];
    yield* this.#ask(`/ipfs/${packId}`, headers, wanted, options, (head) => {
      const range = parseContentRange(head.headers.get('content-range'));
      if (head.status !== 206 || !range || range.first !== from) throw this.#violation('another range than the one that was asked for');
      // The pack's last leaf may be shorter than the others; only there may the answer be.
      const end = Math.min(from + wanted, range.size);
      if (range.last !== end - 1 || head.contentLength !== end - from) throw this.#violation('a range whose length does not fit');
      if (Math.ceil((end - from) / leafBytes) !== count)
        throw new SwarmError('pack_not_found', `${this.#options.from}: the pack has fewer leaves`);
      return head.contentLength;
    });
  }

  recycle(leaf: Uint8Array): void {
    this.#options.memory.give(leaf);
  }

  close(): Promise<void> {
    this.#giveUp(new SwarmError('source_unavailable', 'the transfer was given up', { status: 'temporary' }));
    return Promise.resolve();
  }

  /** Sends one request and yields its body. `accept` says how long it is, or throws. Left early, the connection is closed: the rest would come otherwise. */
  async *#ask(
    path: string,
    headers: readonly string[],
    maxBodyBytes: number,
    { signal }: CarryOptions,
    accept: (head: ResponseHead) => number,
  ): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted();
    const { from, limits, download } = this.#options;
    if (!this.usable) throw new SwarmError('source_unavailable', `${from}: the connection is closed or in use`, { status: 'temporary' });
    this.#busy = true;
    const onAbort = (): void => this.#giveUp(new SwarmError('source_unavailable', `${from}: given up`, { status: 'temporary' }));
    signal?.addEventListener('abort', onAbort, { once: true });
    let inStep = false;
    try {
      this.#watchdog.enter(limits.frameTimeoutMs);
      this.#reader.expect(Math.max(maxBodyBytes, fastLaneLimits.errorTextBytes));
      this.#socket.write([`GET ${path} HTTP/1.1`, 'host: holdfast', ...headers, '', ''].join('\r\n'));
      const head = await this.#reader.head();
      this.#closes = head.closes;
      if (head.status !== 200 && head.status !== 206) {
        const error = await this.#errorOf(head);
        inStep = true;
        throw error;
      }
      let left = accept(head);
      if (left > maxBodyBytes) throw this.#violation(`an answer of ${left} bytes`);
      while (left > 0) {
        this.#watchdog.enter(limits.frameTimeoutMs);
        const piece = await this.#reader.piece();
        // What the consumer does with it, and our own limit, are no fault of the other side.
        this.#watchdog.rest();
        if (!piece) throw this.#violation(`an answer that ends ${left} bytes too early`);
        left -= piece.length;
        await download.take(piece.length, this.#closed.signal);
        signal?.throwIfAborted();
        yield piece;
      }
      inStep = true;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#watchdog.rest();
      this.#busy = false;
      if (!inStep) onAbort();
      else if (this.#closes) this.#socket.destroy();
    }
  }

  async #errorOf(head: ResponseHead): Promise<SwarmError> {
    if (head.contentLength > fastLaneLimits.errorTextBytes) throw this.#violation('an error that goes on and on');
    let text = '';
    for (let piece; (piece = await this.#reader.piece());) {
      text += Buffer.from(piece).toString('latin1');
      this.recycle(piece);
    }
    return errorOf(head.status, head.headers.get(errorHeader), text, this.#options.from);
  }

  #giveUp(error: SwarmError): void {
    this.#watchdog.stop();
    this.#reader.fail(error);
    this.#closed.abort(error);
    this.#socket.destroy();
  }

  #violation(what: string): SwarmError {
    return new SwarmError('protocol_violation', `${this.#options.from}: ${what}`, { context: { from: this.#options.from } });
  }
}
