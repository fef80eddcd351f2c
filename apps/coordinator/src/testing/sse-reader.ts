import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';

/** Reads a stream of server-sent events over real HTTPS. */
export class SseReader {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly #response: IncomingMessage;
  #text = '';
  #ended = false;
  readonly #wake = new Set<() => void>();

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    const woken = (): void => this.#wake.forEach((wake) => wake());
    response.setEncoding('utf8').on('data', (part: string) => {
      this.#text += part;
      woken();
    });
    const end = (): void => {
      this.#ended = true;
      woken();
    };
    response.on('end', end).on('close', end).on('error', end);
  }

  static open(origin: string, path: string, headers: Readonly<Record<string, string>>): Promise<SseReader> {
    return new Promise((resolve, reject) => {
      // The certificate is checked elsewhere; here only the stream matters.
      const agent = new Agent({ rejectUnauthorized: false, keepAlive: false });
      request(`${origin}/api/v1${path}`, { agent, headers }, (response) => resolve(new SseReader(response)))
        .on('error', reject)
        .end();
    });
  }

  /** Everything received so far. */
  get text(): string {
    return this.#text;
  }

  /** Resolves once `pattern` has arrived. */
  until(pattern: RegExp): Promise<void> {
    return this.#when(() => pattern.test(this.#text));
  }

  /** Resolves once the server has ended the stream. */
  ended(): Promise<void> {
    return this.#when(() => this.#ended);
  }

  close(): void {
    this.#response.destroy();
  }

  async #when(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#ended) throw new Error(`the stream ended after: ${this.#text}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wake.delete(wake);
          resolve();
        };
        this.#wake.add(wake);
      });
    }
  }
}
