import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '#libs/kernel';
import { displayPath } from '../platform/index.ts';
import type { ShelfItem, SnapshotShelf } from './snapshot-shelf.ts';
import {
  etagOf,
  httpDate,
  multistatusEnd,
  multistatusStart,
  pageEnd,
  pageRow,
  pageStart,
  propfindAnswer,
  rangeOf,
} from './webdav-answers.ts';
import { namesOfUrl, urlOfNames } from './webdav-path.ts';

/**
 * A vault's snapshots as a read-only WebDAV share (RFC 4918, class 1) and as pages for a browser.
 *
 * Participants: programs of this machine. Goals: file managers and mount helpers can list, read ranges, and cache by ETag;
 * nobody gets in who was not told the address. Non-goals: writing, locking, other machines. It listens on the loopback
 * address alone; the first segment of every path is a random token; a request for another host name (DNS rebinding) is
 * refused. Memory: two windows of a file for each request.
 */
export const webdavLimits = {
  /** At a time; a file manager opens some six. */
  connections: 32,
  /** A PROPFIND's list of properties: read, and not used, since all are given. */
  bodyBytes: 64 * 1024,
  /** Nobody guesses 256 bits. */
  tokenBytes: 32,
} as const;

export interface WebdavServer {
  readonly url: string;
  /** Ends every request, too. */
  close(): Promise<void>;
}

export interface ServeWebdavOptions {
  readonly shelf: SnapshotShelf;
  /** 0: any free port. */
  readonly port?: number;
  /** A request that failed half-way. */
  readonly onError?: (message: string) => void;
}

/** Throws the system's error when the port is taken. */
export async function serveWebdav({ shelf, port = 0, onError }: ServeWebdavOptions): Promise<WebdavServer> {
  const token = randomBytes(webdavLimits.tokenBytes).toString('base64url');
  const server = createServer((request, response) => {
    const stop = new AbortController();
    response.once('close', () => stop.abort(new DOMException('the client went away', 'AbortError')));
    new Answer(shelf, token, request, response, stop.signal).give().catch((error: unknown) => {
      if (!stop.signal.aborted) onError?.(messageOf(error));
      // An answer that was begun can only be cut off, so that nobody takes it for whole.
      if (response.headersSent) response.destroy();
      else response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '30' }).end(`${messageOf(error)}\n`);
    });
  });
  server.maxConnections = webdavLimits.connections;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound.port}/${token}/`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

class Answer {
  readonly #shelf: SnapshotShelf;
  readonly #token: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;

  constructor(shelf: SnapshotShelf, token: string, request: IncomingMessage, response: ServerResponse, signal: AbortSignal) {
    this.#shelf = shelf;
    this.#token = token;
    this.#request = request;
    this.#response = response;
    this.#signal = signal;
  }

  async give(): Promise<void> {
    const { method = '', url = '', headers } = this.#request;
    // What is served is somebody's old data: no script in it may run as this page.
    this.#response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    this.#response.setHeader('x-content-type-options', 'nosniff');
    this.#response.setHeader('referrer-policy', 'no-referrer');
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers.host ?? '')) return this.#refuse(421, 'this is for programs of this machine');
    if (!sameToken(url.split('/')[1] ?? '', this.#token)) return this.#refuse(404, 'not found');
    if (!(await this.#bodyIsShort())) return this.#refuse(413, 'the request is too long');
    const allow = 'OPTIONS, GET, HEAD, PROPFIND';
    if (method === 'OPTIONS')
      return void this.#response.writeHead(200, { allow, dav: '1', 'ms-author-via': 'DAV', 'content-length': 0 }).end();
    if (!['GET', 'HEAD', 'PROPFIND'].includes(method)) {
      this.#response.setHeader('allow', allow);
      return this.#refuse(405, 'snapshots are read-only');
    }
    const names = namesOfUrl(url, 1);
    if (!names) return this.#refuse(400, 'not a path');
    const item = await this.#shelf.item(names, this.#signal);
    if (!item) return this.#refuse(404, 'not found');
    if (method === 'PROPFIND') return this.#properties(names, item);
    return item.kind === 'folder' ? this.#page(names, item) : this.#file(item);
  }

  async #properties(names: readonly Uint8Array[], item: ShelfItem): Promise<void> {
    const { depth } = this.#request.headers;
    const type = { 'content-type': 'application/xml; charset=utf-8' };
    if (depth !== '0' && depth !== '1') {
      const finite = '<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><D:propfind-finite-depth/></D:error>\n';
      return void this.#response.writeHead(403, type).end(finite);
    }
    this.#response.writeHead(207, type);
    await this.#write(multistatusStart);
    await this.#write(propfindAnswer(this.#href(names, item), item));
    if (depth === '1' && item.kind === 'folder') {
      for await (const child of this.#shelf.list(names, this.#signal))
        await this.#write(propfindAnswer(this.#href([...names, child.name], child), child));
    }
    this.#response.end(multistatusEnd);
  }

  async #page(names: readonly Uint8Array[], item: ShelfItem): Promise<void> {
    this.#response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    if (this.#request.method === 'HEAD') return void this.#response.end();
    await this.#write(pageStart(names.length === 0 ? 'Snapshots' : names.map((name) => displayPath(name)).join(' / ')));
    if (names.length > 0) await this.#write(pageRow(this.#href(names.slice(0, -1), item), '..', undefined));
    for await (const child of this.#shelf.list(names, this.#signal)) {
      const name = `${displayPath(child.name)}${child.kind === 'folder' ? '/' : ''}`;
      await this.#write(pageRow(this.#href([...names, child.name], child), name, child));
    }
    this.#response.end(pageEnd);
  }

  async #file(item: ShelfItem): Promise<void> {
    const { headers, method } = this.#request;
    const etag = etagOf(item);
    const common = {
      etag,
      'last-modified': httpDate(item.mtimeNs),
      'accept-ranges': 'bytes',
      'content-type': 'application/octet-stream',
    };
    if (headers['if-none-match']?.split(',').some((one) => ['*', etag, `W/${etag}`].includes(one.trim())))
      return void this.#response.writeHead(304, common).end();
    // A range of another version than the one that was begun with would mix two files.
    const sameAsBegun = headers['if-range'] === undefined || headers['if-range'] === etag;
    const range = sameAsBegun ? rangeOf(headers.range, item.sizeBytes) : undefined;
    if (range === 'none') {
      const nothing = { ...common, 'content-range': `bytes */${item.sizeBytes}`, 'content-length': 0 };
      return void this.#response.writeHead(416, nothing).end();
    }
    const offset = range?.first ?? 0;
    const length = range ? range.last - range.first + 1 : item.sizeBytes;
    this.#response.writeHead(range ? 206 : 200, {
      ...common,
      'content-length': length,
      ...(range && { 'content-range': `bytes ${range.first}-${range.last}/${item.sizeBytes}` }),
    });
    if (method === 'HEAD' || length === 0) return void this.#response.end();
    for await (const piece of this.#shelf.read(item, { offset, length }, this.#signal)) await this.#write(piece);
    this.#response.end();
  }

  #href(names: readonly Uint8Array[], item: ShelfItem): string {
    return urlOfNames(`/${this.#token}`, names, item.kind === 'folder');
  }

  #refuse(status: number, message: string): void {
    this.#response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
  }

  /** Waits for a slow reader. */
  async #write(piece: string | Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    if (!this.#response.write(piece)) await once(this.#response, 'drain', { signal: this.#signal });
  }

  async #bodyIsShort(): Promise<boolean> {
    let length = 0;
    for await (const piece of this.#request as AsyncIterable<Buffer>) if ((length += piece.length) > webdavLimits.bodyBytes) return false;
    return true;
  }
}

function sameToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
