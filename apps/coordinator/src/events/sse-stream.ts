import type { FastifyReply } from 'fastify';

/** A reader that is this far behind is gone or too slow: it is cut off and will fetch the state when it comes back. */
const MAX_UNSENT_BYTES = 256 * 1024;

/** One open stream of server-sent events. Events are hints: nothing breaks when one is lost. */
export class SseStream {
  readonly #reply: FastifyReply;
  #open = true;

  constructor(reply: FastifyReply, onClose: () => void) {
    this.#reply = reply;
    reply.hijack();
    // Headers that hooks and plugins set so far (request id, security headers) go along.
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value);
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    // A reconnection after a second; clients add their own backoff.
    reply.raw.write('retry: 1000\n\n');
    reply.raw.once('close', () => {
      this.#open = false;
      onClose();
    });
  }

  send(event: { readonly event: string }): void {
    this.#write(`event: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  /** A comment line: shows proxies, NAT and both ends that somebody is there. */
  keepAlive(): void {
    this.#write(': keep-alive\n\n');
  }

  close(): void {
    if (this.#open) this.#reply.raw.end();
  }

  #write(text: string): void {
    if (!this.#open) return;
    if (this.#reply.raw.writableLength > MAX_UNSENT_BYTES) this.#reply.raw.destroy();
    else this.#reply.raw.write(text);
  }
}
