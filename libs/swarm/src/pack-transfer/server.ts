import type { Connection, Stream } from '@libp2p/interface';
import type { Clock, PackId } from '#libs/kernel';
import type { Membership } from '../membership/membership.ts';
import { peerOf } from '../membership/membership.ts';
import { SwarmError } from '../errors.ts';
import type { PackStores } from '../pack-store/pack-stores.ts';
import { corruptLeaf, readPackRoot } from '../pack-store/pack-root.ts';
import type { SwarmEvent, SwarmPeer } from '../swarm-types.ts';
import type { TransferLimits } from './limits.ts';
import type { FrameKind, PackRequest } from './messages.ts';
import { decodeRequest, encodeEnd, encodeError, encodeFrameHeader, requestLength, requestLengthBytes } from './messages.ts';
import type { RateLimit } from './rate-limit.ts';
import { StreamBytes } from './stream-bytes.ts';
import { Watchdog } from './watchdog.ts';

export interface PackServerOptions {
  readonly membership: Membership;
  readonly stores: PackStores;
  readonly mayServe: (peer: SwarmPeer, packId: PackId) => boolean | Promise<boolean>;
  readonly limits: TransferLimits;
  readonly clock: Clock;
  readonly upload: RateLimit;
  readonly onEvent: (event: SwarmEvent) => void;
}

/**
 * The server's side of `/holdfast/pack/1`. Memory: two leaves a stream, `streamsTotal` streams. It checks what it reads
 * from its own disk before it sends it, so that rot is reported by the holder itself and not mistaken for a lie.
 */
export class PackServer {
  readonly #options: PackServerOptions;
  readonly #streams = new Map<string, number>();
  #total = 0;

  constructor(options: PackServerOptions) {
    this.#options = options;
  }

  /** Serves requests until the client ends the stream, breaks the rules, or stalls. Never rejects. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const peerId = connection.remotePeer.toString();
    const { limits, clock } = this.#options;
    const shortest = Math.min(limits.idleTimeoutMs, limits.frameTimeoutMs, limits.nextRequestTimeoutMs);
    const watchdog = new Watchdog(clock, limits.idleTimeoutMs, shortest, (error) => stream.abort(error));
    const closed = new AbortController();
    stream.addEventListener('close', () => closed.abort(new SwarmError('source_unavailable', 'the stream is closed')));
    const bytes = new StreamBytes(stream, {
      onProgress: () => watchdog.touch(),
      beforeSend: async (length) => {
        watchdog.rest();
        await this.#options.upload.take(length, closed.signal);
        watchdog.enter(limits.frameTimeoutMs);
      },
    });
    const mine = this.#streams.get(peerId) ?? 0;
    const busy = mine >= limits.streamsPerPeer || this.#total >= limits.streamsTotal;
    this.#streams.set(peerId, mine + 1);
    this.#total += 1;
    try {
      for (;;) {
        watchdog.enter(limits.nextRequestTimeoutMs);
        const request = await readRequest(bytes);
        if (!request) break;
        if (busy) {
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
      this.#total -= 1;
      const left = (this.#streams.get(peerId) ?? 1) - 1;
      if (left > 0) this.#streams.set(peerId, left);
      else this.#streams.delete(peerId);
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
    const member = this.#options.membership.byPeer(peerId);
    const { packId } = request;
    let blocks: AsyncIterator<Uint8Array>;
    let first: IteratorResult<Uint8Array>;
    try {
      if (!member) throw new SwarmError('peer_refused', 'not a member of this swarm');
      if (!(await this.#options.mayServe(peerOf(member), packId))) throw new SwarmError('peer_refused', 'this pack is not for this device');
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
      if (request.kind === 'leaves') this.#options.onEvent({ kind: 'served', peer: peerOf(member), packId, leaves: sent, sizeBytes });
    }
  }

  async *#blocks(request: PackRequest, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { packId } = request;
    const store = await this.#options.stores.storeOf(packId);
    const rootBlock = await store.rootBlock(packId, { signal });
    const root = readPackRoot(packId, rootBlock);
    if (request.kind === 'root') return yield rootBlock;
    let leaf = request.first;
    for await (const bytes of store.leaves(packId, request.first, request.count, { signal })) {
      if (!root.verifyLeaf(leaf, bytes)) {
        const error = corruptLeaf(packId, leaf, store.name);
        this.#options.onEvent({ kind: 'damaged', packId, store: store.name, message: error.message });
        throw error;
      }
      leaf += 1;
      yield bytes;
    }
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
