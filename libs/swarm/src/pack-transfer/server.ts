import type { Connection, Stream } from '@libp2p/interface';
import type { Clock } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import { linkOfMultiaddr } from '../network/link.ts';
import type { SwarmPeer } from '../swarm-types.ts';
import type { TransferLimits } from './limits.ts';
import type { LinkRates } from './link-rates.ts';
import type { FrameKind, PackRequest } from './messages.ts';
import { decodeRequest, encodeEnd, encodeError, encodeFrameHeader, requestLength, requestLengthBytes } from './messages.ts';
import type { PackServing } from './serving.ts';
import { StreamBytes } from './stream-bytes.ts';
import { Watchdog } from './watchdog.ts';

export interface PackServerOptions {
  readonly serving: PackServing;
  readonly limits: TransferLimits;
  readonly clock: Clock;
  readonly upload: LinkRates;
}

/**
 * The server's side of `/holdfast/pack/1`. Memory: two leaves a stream, `streamsTotal` streams. It checks what it reads
 * from its own disk before it sends it, so that rot is reported by the holder itself and not mistaken for a lie.
 */
export class PackServer {
  readonly #options: PackServerOptions;

  constructor(options: PackServerOptions) {
    this.#options = options;
  }

  /** Serves requests until the client ends the stream, breaks the rules, or stalls. Never rejects. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const peerId = connection.remotePeer.toString();
    const { limits, clock, upload } = this.#options;
    const pace = upload.of(linkOfMultiaddr(connection.remoteAddr));
    const shortest = Math.min(limits.idleTimeoutMs, limits.frameTimeoutMs, limits.nextRequestTimeoutMs);
    const watchdog = new Watchdog(clock, limits.idleTimeoutMs, shortest, (error) => stream.abort(error));
    const closed = new AbortController();
    stream.addEventListener('close', () => closed.abort(new SwarmError('source_unavailable', 'the stream is closed')));
    const bytes = new StreamBytes(stream, {
      onProgress: () => watchdog.touch(),
      beforeSend: async (length) => {
        watchdog.rest();
        await pace.take(length, closed.signal);
        watchdog.enter(limits.frameTimeoutMs);
      },
    });
    const leave = this.#options.serving.takePlace(peerId);
    try {
      for (;;) {
        watchdog.enter(limits.nextRequestTimeoutMs);
        const request = await readRequest(bytes);
        if (!request) break;
        if (!leave) {
          await sendFrame(bytes, 'error', encodeError(new SwarmError('peer_busy', 'as many transfers are under way as are allowed')));
          break;
        }
        await this.#answer(peerId, request, bytes, closed.signal);
      }
      await this.#finish(stream, closed.signal);
    } catch (error) {
      await this.#hangUp(stream, bytes, error, closed.signal);
    } finally {
      watchdog.stop();
      leave?.();
    }
  }

  /** Tells a client that broke the rules which one, then ends the stream. Anything else just resets it. */
  async #hangUp(stream: Stream, out: StreamBytes, error: unknown, closed: AbortSignal): Promise<void> {
    try {
      if (!(error instanceof SwarmError) || error.code !== 'protocol_violation') throw error;
      await sendFrame(out, 'error', encodeError(error));
      await this.#finish(stream, closed);
    } catch (reason) {
      stream.abort(reason instanceof Error ? reason : new Error(String(reason)));
    }
  }

  /** Ends our side and gives the client a moment to end its own; yamux can't refuse to be sent more. */
  async #finish(stream: Stream, closed: AbortSignal): Promise<void> {
    const { clock, limits } = this.#options;
    await stream.close({ signal: AbortSignal.timeout(limits.idleTimeoutMs) });
    await clock.sleep(limits.nextRequestTimeoutMs, closed).then(
      () => stream.abort(new SwarmError('transfer_stalled', 'the client did not end the stream')),
      () => undefined,
    );
  }

  /** Answers one request; what goes wrong with the pack is answered, what goes wrong with the stream is thrown. */
  async #answer(peerId: string, request: PackRequest, out: StreamBytes, signal: AbortSignal): Promise<void> {
    const { serving } = this.#options;
    let peer: SwarmPeer;
    let blocks: AsyncIterator<Uint8Array>;
    let first: IteratorResult<Uint8Array>;
    try {
      peer = await serving.admit(peerId, request.packId);
      blocks = this.#blocks(request, signal);
      first = await blocks.next();
    } catch (error) {
      return sendFrame(out, 'error', encodeError(error));
    }
    let sent = 0;
    let sizeBytes = 0;
    try {
      // The next block is read from the disk while this one is on its way.
      for (let block = first; !block.done;) {
        const next = blocks.next();
        next.catch(() => undefined);
        await sendFrame(out, request.kind === 'root' ? 'root' : 'leaf', block.value);
        sent += 1;
        sizeBytes += block.value.length;
        try {
          block = await next;
        } catch (error) {
          return await sendFrame(out, 'error', encodeError(error));
        }
      }
      await sendFrame(out, 'end', encodeEnd(sent));
    } finally {
      await blocks.return?.();
      if (request.kind === 'leaves') serving.served(peer, request.packId, sent, sizeBytes);
    }
  }

  async *#blocks(request: PackRequest, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { root, block } = await this.#options.serving.root(request.packId, signal);
    if (request.kind === 'root') return yield block;
    yield* this.#options.serving.leaves(root, request.first, request.count, { signal, verify: true });
  }
}

async function readRequest(bytes: StreamBytes): Promise<PackRequest | undefined> {
  const prefix = await bytes.read(requestLengthBytes);
  if (!prefix) return undefined;
  const body = await bytes.read(requestLength(prefix));
  return body && decodeRequest(body);
}

async function sendFrame(bytes: StreamBytes, kind: FrameKind, payload: Uint8Array): Promise<void> {
  await bytes.write(encodeFrameHeader(kind, payload.length));
  await bytes.write(payload);
}
