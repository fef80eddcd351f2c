import type { IncomingMessage, ServerResponse } from 'node:http';
import { CID } from 'multiformats/cid';
import type { Clock, PackId } from '#libs/kernel';
import type { PackBlockstore } from '../blockstore/pack-blockstore.ts';
import { carHeader, carSectionHead, leafCidOf } from '../car.ts';
import { SwarmError } from '../errors.ts';
import { linkOfIp } from '../network/link.ts';
import { LeafMemory } from '../pack-store/leaf-memory.ts';
import type { PackRoot } from '../pack-store/pack-root.ts';
import { leafSizeOf } from '../pack-store/pack-root.ts';
import type { TransferLimits } from '../pack-transfer/limits.ts';
import { leafBytes } from '../pack-transfer/limits.ts';
import type { LinkPace, LinkRates } from '../pack-transfer/link-rates.ts';
import type { PackServing } from '../pack-transfer/serving.ts';
import { Watchdog } from '../pack-transfer/watchdog.ts';
import type { SwarmPeer } from '../swarm-types.ts';
import type { AskedRange, GatewayRequest } from './gateway-request.ts';
import { parseGatewayRequest, resolveRange } from './gateway-request.ts';
import { checkedByReceiver, checkHeader, errorHeader, httpError } from './lane-errors.ts';
import { pieceBytesOf } from './leaf-pieces.ts';

export interface GatewayServerOptions {
  readonly serving: PackServing;
  readonly blockstore: PackBlockstore;
  readonly limits: TransferLimits;
  readonly clock: Clock;
  readonly upload: LinkRates;
}

/** An answer that is ready to go: its first block was read (and checked) before anything is said. */
interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | number>;
  readonly body: AsyncIterable<Uint8Array>;
  /** Lets go of the disk, whether or not the body was looked at. */
  readonly close?: () => Promise<unknown>;
  /** For the log of what was served. */
  readonly packId?: PackId;
  readonly peer?: SwarmPeer;
}

/**
 * Our packs as an IPFS gateway, for one proved peer at a time: blocks and CARs as the trustless gateway specification has
 * them, and the bytes of a pack with ranges, which is the quickest way to many leaves. Memory: three leaves an answer.
 */
export class GatewayServer {
  readonly #options: GatewayServerOptions;
  readonly #memory = new LeafMemory();

  constructor(options: GatewayServerOptions) {
    this.#options = options;
  }

  /** Answers one request of a peer that has proved its id. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse, peerId: string): Promise<void> {
    const closed = new AbortController();
    response.once('close', () => closed.abort(new SwarmError('source_unavailable', 'the connection is closed', { status: 'temporary' })));
    const pace = this.#options.upload.of(linkOfIp(request.socket.remoteAddress));
    const leave = this.#options.serving.takePlace(peerId);
    let answer: Answer | undefined;
    try {
      if (!leave) throw new SwarmError('peer_busy', 'as many transfers are under way as are allowed', { status: 'temporary' });
      const { method, url, headers } = request;
      const asked = parseGatewayRequest({ method, url, accept: headers.accept, range: headers.range });
      const verify = headers[checkHeader] !== checkedByReceiver;
      answer = await this.#answer(asked, peerId, verify, closed.signal);
      response.writeHead(answer.status, { 'x-content-type-options': 'nosniff', ...answer.headers });
      if (method === 'HEAD') response.end();
      else await this.#send(answer, response, pace, closed.signal);
    } catch (error) {
      // After the head there is no way to say what happened but to end too early.
      if (response.headersSent) response.destroy();
      else sendError(response, error);
    } finally {
      leave?.();
      await answer?.close?.().catch(() => undefined);
    }
  }

  async #answer(asked: GatewayRequest, peerId: string, verify: boolean, signal: AbortSignal): Promise<Answer> {
    const { serving, blockstore } = this.#options;
    if (asked.kind === 'probe') return { status: 200, headers: blockHeaders('bafkqaaa', 'raw', 0), body: none() };
    if (asked.kind === 'file') {
      const peer = await serving.admit(peerId, asked.packId);
      const { root } = await serving.root(asked.packId, signal);
      return { ...(await this.#file(root, asked.range, verify, signal)), packId: asked.packId, peer };
    }
    if (asked.kind === 'car') {
      const peer = await serving.admit(peerId, asked.packId);
      const { root, block } = await serving.root(asked.packId, signal);
      return { ...(await this.#car(root, block, asked.bytes, signal)), packId: asked.packId, peer };
    }
    const part = typeof asked.of === 'string' ? { packId: asked.of, leaf: undefined } : await blockstore.packOf(asked.of);
    if (!part) throw new SwarmError('pack_not_found', 'no pack here has this block');
    await serving.admit(peerId, part.packId);
    const { root, block } = await serving.root(part.packId, signal);
    const cid = typeof asked.of === 'string' ? CID.parse(asked.of) : asked.of;
    const bytes = part.leaf === undefined ? block : await firstOf(serving.leaves(root, part.leaf, 1, { signal, verify: true }));
    if (!asked.asCar) return { status: 200, headers: blockHeaders(cid.toString(), 'raw', bytes.length), body: only(bytes) };
    const parts = [await carHeader(cid), carSectionHead(cid, bytes.length), bytes];
    return { status: 200, headers: blockHeaders(cid.toString(), 'car', lengthOf(parts)), body: only(...parts) };
  }

  /** The bytes of a pack: leaf by leaf, cut at both ends. */
  async #file(root: PackRoot, asked: AskedRange | undefined, verify: boolean, signal: AbortSignal): Promise<Answer> {
    const range = resolveRange(asked, root.sizeBytes);
    const headers = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', ...cachedAs(root.packId) };
    if (!range)
      return { status: 416, headers: { ...headers, 'content-range': `bytes */${root.sizeBytes}`, 'content-length': 0 }, body: none() };
    const { first, last } = range;
    const leaves = await Started.of(this.#leavesOf(root, first, last, verify, signal));
    return {
      status: asked ? 206 : 200,
      headers: {
        ...headers,
        'content-length': last - first + 1,
        ...(asked ? { 'content-range': `bytes ${first}-${last}/${root.sizeBytes}` } : {}),
      },
      body: cut(leaves, first % leafBytes, last - first + 1),
      close: () => leaves.close(),
    };
  }

  /** The root block and the leaves that hold the wanted bytes, each checked. */
  async #car(root: PackRoot, rootBlock: Uint8Array, asked: AskedRange | undefined, signal: AbortSignal): Promise<Answer> {
    const range = resolveRange(asked, root.sizeBytes);
    const cid = CID.parse(root.packId);
    const head = [await carHeader(cid), carSectionHead(cid, rootBlock.length), rootBlock];
    const from = range ? Math.floor(range.first / leafBytes) : 0;
    const until = range ? Math.floor(range.last / leafBytes) + 1 : 0;
    let length = lengthOf(head);
    for (let leaf = from; leaf < until; leaf += 1) {
      const size = leafSizeOf(root.sizeBytes, leaf);
      length += carSectionHead(leafCidOf(root, leaf), size).length + size;
    }
    const leaves = range ? await Started.of(this.#leavesOf(root, range.first, range.last, true, signal)) : undefined;
    async function* body(): AsyncGenerator<Uint8Array> {
      yield* head;
      let leaf = from;
      for await (const bytes of leaves ?? none()) {
        yield carSectionHead(leafCidOf(root, leaf), bytes.length);
        yield bytes;
        leaf += 1;
      }
    }
    return { status: 200, headers: blockHeaders(root.packId, 'car', length), body: body(), close: async () => leaves?.close() };
  }

  #leavesOf(root: PackRoot, first: number, last: number, verify: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const leaf = Math.floor(first / leafBytes);
    const count = Math.floor(last / leafBytes) + 1 - leaf;
    return this.#options.serving.leaves(root, leaf, count, { signal, verify, memory: this.#memory });
  }

  /** Sends a body, the next leaf being read from the disk while this one is encrypted and on its way. */
  async #send({ body, packId, peer }: Answer, response: ServerResponse, pace: LinkPace, signal: AbortSignal): Promise<void> {
    const { limits, clock, serving } = this.#options;
    const shortest = Math.min(limits.idleTimeoutMs, limits.frameTimeoutMs);
    const watchdog = new Watchdog(clock, limits.idleTimeoutMs, shortest, () => response.destroy());
    const blocks = body[Symbol.asyncIterator]();
    let sizeBytes = 0;
    let leaves = 0;
    let lastLeafMs: number | undefined;
    try {
      for (let block = await blocks.next(); !block.done;) {
        const next = blocks.next();
        next.catch(() => undefined);
        const startedMs = clock.nowMs();
        await this.#write(block.value, pieceBytesOf(pace, lastLeafMs), response, pace, watchdog, signal);
        lastLeafMs = clock.nowMs() - startedMs;
        sizeBytes += block.value.length;
        leaves += 1;
        this.#memory.give(block.value);
        block = await next;
      }
      response.end();
    } finally {
      watchdog.stop();
      if (peer && packId) serving.served(peer, packId, leaves, sizeBytes);
      await blocks.return?.(undefined);
    }
  }

  async #write(
    bytes: Uint8Array,
    pieceBytes: number,
    response: ServerResponse,
    pace: LinkPace,
    watchdog: Watchdog,
    signal: AbortSignal,
  ): Promise<void> {
    const { limits } = this.#options;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      if (!pace.unlimited) {
        watchdog.rest();
        await pace.take(piece.length, signal);
      }
      if (at === 0 || !pace.unlimited) watchdog.enter(limits.frameTimeoutMs);
      signal.throwIfAborted();
      // One at a time: two that wait together are first copied into one by TLS, and what the kernel has taken is ahead enough.
      await handedOver(response, piece, signal);
      watchdog.touch();
    }
    watchdog.rest();
  }
}

/** Resolves when the kernel has taken the bytes: then their memory is free again. Rejects when the connection is closed. */
function handedOver(response: ServerResponse, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    response.write(bytes, (error) => {
      signal.removeEventListener('abort', onAbort);
      if (error) reject(error);
      else resolve();
    });
  });
}

function sendError(response: ServerResponse, error: unknown): void {
  const { status, code, text } = httpError(error);
  const body = Buffer.from(text.slice(0, 200), 'utf8');
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    [errorHeader]: code,
    ...(code === 'peer_busy' ? { 'retry-after': '5' } : {}),
    // Whoever breaks the rules starts anew.
    ...(code === 'protocol_violation' ? { connection: 'close' } : {}),
  });
  response.end(body);
}

/** What a CID names never changes; it is for this peer only. */
const cachedAs = (etag: string): Record<string, string> => ({ etag: `"${etag}"`, 'cache-control': 'private, max-age=29030400, immutable' });

function blockHeaders(cid: string, format: 'raw' | 'car', length: number): Record<string, string | number> {
  return {
    'content-type': format === 'raw' ? 'application/vnd.ipld.raw' : 'application/vnd.ipld.car; version=1; order=dfs; dups=y',
    'content-length': length,
    ...cachedAs(`${cid}.${format}`),
  };
}

async function* none(): AsyncGenerator<Uint8Array> {}

async function* only(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function firstOf(blocks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  for await (const bytes of blocks) return bytes;
  throw new SwarmError('pack_not_found', 'the block is gone');
}

/** Blocks whose first was read already, so that what goes wrong with it can still be said. */
class Started implements AsyncIterable<Uint8Array> {
  readonly #blocks: AsyncGenerator<Uint8Array>;
  readonly #first: IteratorResult<Uint8Array>;

  private constructor(blocks: AsyncGenerator<Uint8Array>, first: IteratorResult<Uint8Array>) {
    this.#blocks = blocks;
    this.#first = first;
  }

  static async of(blocks: AsyncGenerator<Uint8Array>): Promise<Started> {
    return new Started(blocks, await blocks.next());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#first.done) return;
    yield this.#first.value;
    yield* this.#blocks;
  }

  /** A generator that was never asked has nothing to clean up; this one was. */
  close(): Promise<unknown> {
    return this.#blocks.return(undefined);
  }
}

/** `length` bytes from `skip` on. */
async function* cut(blocks: AsyncIterable<Uint8Array>, skip: number, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  let from = skip;
  for await (const bytes of blocks) {
    const part = bytes.subarray(from, from + left);
    from = 0;
    left -= part.length;
    yield part;
  }
}

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);
