import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { SseStream } from './sse-stream.ts';

/** A reader that sleeps: its connection is there, and takes nothing any more. */
describe('a stream of events whose reader sleeps', () => {
  let server: Server;
  let reader: Socket;
  let raw: ServerResponse;
  const errors: unknown[] = [];
  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    reader = connect((server.address() as AddressInfo).port, '127.0.0.1');
    reader.pause();
    reader.on('error', () => undefined);
    reader.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
    [, raw] = (await once(server, 'request')) as [unknown, ServerResponse];
    raw.on('error', (error) => errors.push(error));
  });
  afterEach(async () => {
    reader.destroy();
    server.closeAllConnections();
    server.close();
  });

  /** Open, and with something that its reader has not taken. */
  async function behind(closeLimitMs: number): Promise<{ stream: SseStream; closed: () => number }> {
    let closed = 0;
    const reply = { raw, hijack: () => undefined, getHeaders: () => ({ 'x-request-id': '1' }) } as unknown as FastifyReply;
    const stream = new SseStream(reply, () => (closed += 1), closeLimitMs);
    // What the system's buffers take is not unsent; what stays for a while is.
    for (let before = -1; raw.writableLength === 0 || raw.writableLength !== before;) {
      before = raw.writableLength;
      if (before === 0) stream.send({ event: 'x'.repeat(200_000) });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return { stream, closed: () => closed };
  }

  it('is ended once, and nothing is written after that', async () => {
    const { stream, closed } = await behind(60_000);
    stream.close();
    expect(raw.writableEnded).toBe(true);
    expect(closed()).toBe(1);
    stream.keepAlive();
    stream.send({ event: 'late' });
    stream.close();
    await new Promise(setImmediate);
    expect(errors).toEqual([]);
    expect(closed()).toBe(1);
  });

  it('is cut off when even the end is not taken', async () => {
    const socket = raw.socket!;
    const { stream, closed } = await behind(50);
    stream.close();
    await once(socket, 'close');
    expect(closed()).toBe(1);
    expect(errors).toEqual([]);
  });

  it('is cut off when it is too far behind', async () => {
    const { stream, closed } = await behind(60_000);
    for (let n = 0; n < 10 && !raw.destroyed; n += 1) stream.send({ event: 'x'.repeat(100_000) });
    await once(raw, 'close');
    expect(closed()).toBe(1);
  });
});
