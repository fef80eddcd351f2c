import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import { LeafMemory } from '../pack-store/leaf-memory.ts';
import { leafBytes } from '../pack-transfer/limits.ts';
import { someBytes } from '../testing/builders.ts';
import { parseContentRange, parseResponseHead } from './response-head.ts';
import { ResponseReader } from './response-reader.ts';

/** Feeds bytes as a socket would: into whatever memory the reader offers, in parts of the given sizes. */
function feed(reader: ResponseReader, bytes: Uint8Array, parts: readonly number[]): void {
  let at = 0;
  for (let n = 0; at < bytes.length; n += 1) {
    const into = reader.onread.buffer();
    if (into.length === 0) throw new Error('no memory is offered');
    const length = Math.min(Math.max(1, parts[n % parts.length]!), into.length, bytes.length - at);
    into.set(bytes.subarray(at, at + length));
    reader.onread.callback(length);
    at += length;
  }
}
const head = (length: number, status = 200): Uint8Array =>
  Buffer.from(`HTTP/1.1 ${status} OK\r\nContent-Length: ${length}\r\nX: y\r\n\r\n`);

describe('heads of answers', () => {
  it('are read', () => {
    const read = parseResponseHead('HTTP/1.1 206 Partial Content\r\nContent-Length: 12\r\nConnection: keep-alive, Close\r\nEmpty:');
    expect(read).toMatchObject({ status: 206, contentLength: 12, closes: true });
    expect([...read.headers]).toEqual([['content-length', '12'], ['connection', 'keep-alive, Close'], ['empty', '']]); // prettier-ignore
    expect(parseContentRange('bytes 0-9/100')).toEqual({ first: 0, last: 9, size: 100 });
    expect(parseContentRange('bytes */100')).toBeUndefined();
  });

  it.each([
    'HTTP/1.0 200 OK\r\nContent-Length: 1',
    'HTTP/1.1 100 Continue\r\nContent-Length: 0',
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2',
    'HTTP/1.1 200 OK\r\nContent-Length: -1',
    'HTTP/1.1 200 OK\r\nContent-Length: 1e9',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n folded: yes',
    'HTTP/1.1 200 OK\r\nContent-Length : 9',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\nX: y',
    '',
  ])('that leave room for doubt are refused: %j', (text) => {
    expect(() => parseResponseHead(text)).toThrow(expect.objectContaining({ code: 'protocol_violation' }));
  });

  it('of any kind end in a head or in an error of ours', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        try {
          parseResponseHead(`HTTP/1.1 200 OK\r\n${text}`);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

describe('ResponseReader', () => {
  it('gives the same leaves however the bytes arrive, and takes the next answer after them', async () => {
    const body = someBytes(2 * leafBytes + 77, 3);
    for (const parts of [[16_384], [1, 7, 65_536], [leafBytes + 5], [29, 3]]) {
      // The last ones are for the head: a body in parts of 3 bytes would take for ever.
      const cut = parts.includes(3) ? [29, 3, 29, 3, 29, ...Array<number>(400).fill(16_384)] : parts;
      const reader = new ResponseReader(new LeafMemory());
      for (let answer = 0; answer < 2; answer += 1) {
        reader.expect(body.length);
        feed(reader, Buffer.concat([head(body.length), body]), cut);
        expect(await reader.head()).toMatchObject({ status: 200, contentLength: body.length });
        const pieces: Uint8Array[] = [];
        for (let piece; (piece = await reader.piece());) pieces.push(piece);
        expect(pieces.map((piece) => piece.length)).toEqual([leafBytes, leafBytes, 77]);
        expect(Buffer.concat(pieces).equals(body)).toBe(true);
      }
    }
  });

  it('makes the sender wait while nobody takes what came, and not longer', async () => {
    const reader = new ResponseReader(new LeafMemory());
    const pauses: boolean[] = [];
    reader.onPause = (paused) => pauses.push(paused);
    reader.expect(8 * leafBytes);
    let goOn = true;
    const bytes = Buffer.concat([head(8 * leafBytes), new Uint8Array(8 * leafBytes)]);
    let at = 0;
    while (goOn) {
      const into = reader.onread.buffer();
      const length = Math.min(into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + length));
      at += length;
      goOn = reader.onread.callback(length);
    }
    expect(at).toBeLessThanOrEqual(3 * leafBytes);
    await reader.head();
    await reader.piece();
    expect(pauses).toEqual([false]);
  });

  it.each<[string, Uint8Array, number]>([
    ['longer than was asked for', head(101), 100],
    ['longer than was asked for, with much of it at once', Buffer.concat([head(99_999), new Uint8Array(8_192 - head(99_999).length)]), 100],
    ['with something after its end', Buffer.concat([head(2), Buffer.from('abc')]), 100],
    ['with a head that never ends', Buffer.alloc(9_000, 'HTTP/1.1 200 OK\r\n'), 100],
    ['that is no HTTP', Buffer.from('SSH-2.0-OpenSSH\r\n\r\n'), 100],
  ])('refuses an answer %s', (_name, bytes, expected) => {
    const reader = new ResponseReader(new LeafMemory());
    const failures: string[] = [];
    reader.onFailure = (error) => failures.push(error.code);
    reader.expect(expected);
    try {
      feed(reader, bytes, [bytes.length]);
    } catch {
      // No more memory is offered to whoever breaks the rules.
    }
    expect(failures[0]).toBe('protocol_violation');
    // Not even when the head's memory is full: Node.js would spin for ever over an empty one.
    expect(reader.onread.buffer().length).toBeGreaterThan(0);
  });

  it('gives out what came whole before the connection broke, then says so', async () => {
    const reader = new ResponseReader(new LeafMemory());
    reader.expect(3 * leafBytes);
    feed(reader, Buffer.concat([head(3 * leafBytes), new Uint8Array(leafBytes + 100)]), [65_536]);
    reader.fail(new SwarmError('source_unavailable', 'gone'));
    expect(await reader.piece()).toHaveLength(leafBytes);
    await expect(reader.piece()).rejects.toMatchObject({ code: 'source_unavailable' });
  });
});
