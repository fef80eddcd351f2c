import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { LaneAddress } from '../fast-lane/lane-address.ts';
import { formatLaneAddress, parseLaneAddress } from '../fast-lane/lane-address.ts';
import { laneIdentity } from '../fast-lane/lane-identity.ts';
import type { TestDevice } from './builders.ts';
import type { TestNode } from './team.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Where a test node's fast lane listens. */
export function laneOf(node: TestNode): LaneAddress {
  return node.swarm.addresses().flatMap((address) => parseLaneAddress(address) ?? [])[0]!;
}

/** One request by Node's own HTTP client, with a device's key: what curl would do. */
export async function ask(
  { host, port }: LaneAddress,
  device: TestDevice,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const agent = new Agent({ maxCachedSessions: 0 });
  const sent = request({
    ...laneIdentity(device.seed),
    host,
    port,
    path,
    agent,
    method: options.method ?? 'GET',
    headers: options.headers ?? {},
  });
  sent.end(options.body);
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) };
  } finally {
    agent.destroy();
  }
}

/** A connection to say anything over; resolves after the handshake. */
export async function dialLane({ host, port }: LaneAddress, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host, port, rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** Everything that arrives until the other side ends the connection. */
export async function hearOut(socket: TLSSocket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  if (!socket.closed) await once(socket, 'close');
  return Buffer.concat(parts).toString('latin1');
}

/** A device that has a member's key and answers requests over the fast lane with whatever it likes. */
export async function hostileLane(
  device: TestDevice,
  answer: (path: string, headers: string, socket: TLSSocket) => Uint8Array | string | undefined,
): Promise<{ readonly address: string; readonly requests: string[]; readonly stop: () => Promise<void> }> {
  const requests: string[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer(laneIdentity(device.seed), (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
      for (let end; (end = text.indexOf('\r\n\r\n')) >= 0; text = text.slice(end + 4)) {
        const head = text.slice(0, end);
        const path = head.split(' ')[1]!;
        requests.push(path);
        const probe = path.startsWith('/ipfs/bafkqaaa');
        const said = probe ? 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n' : answer(path, head, socket);
        if (said !== undefined && !socket.destroyed) socket.write(said);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: formatLaneAddress({ host: '127.0.0.1', port }, device.peerId),
    requests,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
