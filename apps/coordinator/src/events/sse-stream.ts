import type { FastifyReply } from 'fastify';

/** A reader that is this far behind is gone or too slow: it is cut off and will fetch the state when it comes back. */
const MAX_UNSENT_BYTES = 256 * 1024;

/** A reader that was told of the end and does not take even that (it sleeps) is cut off after this long. */
const CLOSE_LIMIT_MS = 5_000;

/** One open stream of server-sent events. Events are hints: nothing breaks when one is lost. */
export class SseStream {
  readonly #reply: FastifyReply;
  readonly #onClose: () => void;
  readonly #closeLimitMs: number;
  /** Until it is ended here or gone; the connection may outlive that while the reader sleeps. */
  #open = true;

  /** `onClose` is called once: when it is ended here, or the reader is gone. */
  constructor(reply: FastifyReply, onClose: () => void, closeLimitMs = CLOSE_LIMIT_MS) {
    this.#reply = reply;
    this.#onClose = onClose;
    this.#closeLimitMs = closeLimitMs;
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
    reply.raw.once('close', () => this.#ended());
    // A connection that breaks is closed next; without a listener its error would end the process.
    reply.raw.on('error', () => this.#ended());
  }

  send(event: { readonly event: string }): void {
    this.#write(`event: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  /** A comment line: shows proxies, NAT and both ends that somebody is there. */
  keepAlive(): void {
    this.#write(': keep-alive\n\n');
  }

  close(): void {
    if (!this.#open) return;
    const { socket } = this.#reply.raw;
    this.#reply.raw.end();
    // The response counts as closed by now; its connection may carry other requests, unless nobody takes anything from it.
    setTimeout(() => {
      if (socket && socket.writableLength > 0) socket.destroy();
    }, this.#closeLimitMs).unref();
    this.#ended();
  }

  #ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#onClose();
  }

  #write(text: string): void {
    if (!this.#open) return;
    if (this.#reply.raw.writableLength > MAX_UNSENT_BYTES) this.#reply.raw.destroy();
    else this.#reply.raw.write(text);
  }
}
