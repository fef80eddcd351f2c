import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { selfSignedCertificate } from '#libs/crypto/node';
import { toBase64Url } from '#libs/kernel';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly token: string | undefined;
}

/** Answers one request; undefined: 404. */
export type Script = (request: SeenRequest, response: ServerResponse) => { status?: number; body?: unknown } | 'streaming' | undefined;

/** A coordinator that does what a test says, over real TLS on loopback. Device tokens are handed out by itself. */
export class ScriptedCoordinator {
  readonly seen: SeenRequest[] = [];
  /** Of every connection, whether a request came or not. */
  connections = 0;
  script: Script = () => undefined;
  readonly pin: string;
  readonly #server: Server;

  private constructor(server: Server, pin: string) {
    this.#server = server;
    this.pin = pin;
    server.on('connection', () => (this.connections += 1));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response));
  }

  static async start(): Promise<ScriptedCoordinator> {
    const certificate = await selfSignedCertificate({
      commonName: 'test',
      altNames: ['127.0.0.1'],
      notBeforeMs: Date.UTC(2020, 0, 1),
      notAfterMs: Date.UTC(2020, 0, 2),
    });
    const server = createServer({ cert: certificate.certPem, key: certificate.keyPem });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ScriptedCoordinator(server, toBase64Url(certificate.derSha256));
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  requests(pathPart: string): SeenRequest[] {
    return this.seen.filter((r) => r.path.includes(pathPart));
  }

  /** Breaks every connection, as a network does. */
  cutAll(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of request) text += String(piece);
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
      token: request.headers.authorization?.replace('Bearer ', ''),
    };
    this.seen.push(seen);
    const answer = this.script(seen, response) ?? builtIn(seen);
    if (answer === 'streaming') return;
    const status = answer ? (answer.status ?? 200) : 404;
    const body = answer ? answer.body : { type: 'about:blank', title: 'not found', status, code: 'route_not_found' };
    response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? '' : JSON.stringify(body));
  }
}

let tokens = 0;
function builtIn(request: SeenRequest): ReturnType<Script> {
  if (request.path.endsWith('/token/challenge')) return { body: { nonce: 'nonce-1' } };
  if (request.path.endsWith('/token')) return { body: { token: `token-${(tokens += 1)}`, expiresAtMs: Date.now() + 900_000 } };
  return undefined;
}
