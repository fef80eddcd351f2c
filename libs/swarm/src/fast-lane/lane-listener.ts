import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { messageOf } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { LaneAddress } from './lane-address.ts';
import type { LaneIdentity } from './lane-identity.ts';
import { provedPeerId } from './lane-identity.ts';
import type { FastLaneLimits } from './limits.ts';
import { fastLaneLimits } from './limits.ts';
import type { LiveSockets } from './live-sockets.ts';

export interface LaneListenerOptions {
  readonly identity: LaneIdentity;
  readonly live: LiveSockets;
  readonly isMember: (peerId: string) => boolean;
  /** Told of those who were turned away after they proved who they are (or showed nothing: ''). */
  readonly onDenied: (peerId: string, address: string) => void;
  /** Other limits than the usual ones. */
  readonly limits?: Partial<FastLaneLimits>;
  readonly handle: (request: IncomingMessage, response: ServerResponse, peerId: string) => Promise<void>;
}

/**
 * The fast lane's door. Until the other side has proved the key of a member no byte of HTTP is read, and what a handshake
 * may cost is bounded: so many at once, in all and from one address, each within its time.
 */
export class LaneListener {
  readonly #options: LaneListenerOptions;
  readonly #limits: FastLaneLimits;
  readonly #servers: Server[] = [];
  readonly #peers = new WeakMap<Socket, string>();
  /** Answers under way and waiting, by connection. */
  readonly #answers = new WeakMap<Socket, { waiting: number; last: Promise<void> }>();
  /** Connections on their way through the handshake, by remote address. */
  readonly #unproved = new Map<Socket, string>();

  constructor(options: LaneListenerOptions) {
    this.#options = options;
    this.#limits = { ...fastLaneLimits, ...options.limits };
  }

  /** Where it listens: one entry for each {@link listen}, with the port that the system chose. */
  get addresses(): LaneAddress[] {
    return this.#servers.map((server) => {
      const { address, port } = server.address() as AddressInfo;
      return { host: address, port };
    });
  }

  /** Throws `listen_failed`. Port 0: any. */
  async listen({ host, port }: LaneAddress): Promise<void> {
    const limits = this.#limits;
    const server = createServer(
      {
        ...this.#options.identity,
        handshakeTimeout: limits.handshakeTimeoutMs,
        maxHeaderSize: limits.requestHeadBytes,
        headersTimeout: limits.requestTimeoutMs,
        requestTimeout: limits.requestTimeoutMs,
        keepAliveTimeout: limits.nextRequestTimeoutMs,
        connectionsCheckingInterval: limits.requestTimeoutMs / 2,
        noDelay: true,
      },
      (request, response) => this.#onRequest(request, response),
    );
    server.maxConnections = limits.connections;
    server.on('connection', (socket: Socket) => this.#onConnection(socket));
    // Before the listener of node:http, which then meets a closed socket and reads nothing.
    server.prependListener('secureConnection', (socket) => this.#onProved(socket));
    // A stranger's broken handshake is nothing to tell anybody.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    // Nothing here takes a body, a tunnel or another protocol.
    for (const event of ['checkContinue', 'connect', 'upgrade']) server.on(event, (request: IncomingMessage) => request.socket.destroy());
    server.on('clientError', (_error, socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new SwarmError('listen_failed', `the fast lane could not start at ${host} port ${port}: ${messageOf(error)}`, {
            nextStep: 'Choose another listening address or port in the configuration.',
            cause: error,
          }),
        ),
      );
      server.listen({ host, port, ipv6Only: true }, resolve);
    });
    server.on('error', () => undefined);
    this.#servers.push(server);
  }

  /** Stops listening and ends what is open. */
  async close(): Promise<void> {
    const closed = this.#servers.splice(0).map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of this.#unproved.keys()) socket.destroy();
    this.#options.live.closeAll();
    await Promise.all(closed);
  }

  #onConnection(socket: Socket): void {
    const from = socket.remoteAddress ?? '';
    let same = 0;
    for (const other of this.#unproved.values()) if (other === from) same += 1;
    if (this.#unproved.size >= this.#limits.unprovedConnections || same >= this.#limits.unprovedPerAddress) return void socket.destroy();
    this.#unproved.set(socket, from);
    socket.once('close', () => this.#unproved.delete(socket));
    socket.on('error', () => undefined);
  }

  #onProved(socket: TLSSocket): void {
    socket.on('error', () => undefined);
    this.#forgetUnproved(socket);
    const { live, isMember, onDenied } = this.#options;
    const peerId = provedPeerId(socket) ?? '';
    const address = `${socket.remoteAddress ?? ''} port ${socket.remotePort ?? 0}`;
    if (!isMember(peerId)) {
      socket.destroy();
      onDenied(peerId, address);
      return;
    }
    if (live.countOf(peerId, 'inbound') >= this.#limits.connectionsPerPeer) return void socket.destroy();
    live.add(socket, { peerId, direction: 'inbound', address });
    this.#peers.set(socket, peerId);
  }

  /** The TLS socket stands on the raw one, which it does not show; both have the same remote port. */
  #forgetUnproved(socket: TLSSocket): void {
    for (const raw of this.#unproved.keys())
      if (raw.remotePort === socket.remotePort && raw.remoteAddress === socket.remoteAddress) return void this.#unproved.delete(raw);
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const socket = request.socket as TLSSocket;
    const peerId = this.#peers.get(socket);
    const hasBody = request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';
    if (peerId === undefined || hasBody) return void socket.destroy();
    // One at a time, in order: answers to many requests sent ahead would all be read into memory. One may wait, because a
    // client that has our last byte can be quicker than the news here that it left.
    const answers = this.#answers.get(socket) ?? { waiting: 0, last: Promise.resolve() };
    if (answers.waiting > 1) return void socket.destroy();
    answers.waiting += 1;
    answers.last = answers.last.then(() => this.#options.handle(request, response, peerId)).finally(() => (answers.waiting -= 1));
    this.#answers.set(socket, answers);
  }
}
