import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import fc from 'fast-check';
import { utf8 } from '#libs/kernel';
import { seededRandom } from '#libs/kernel/testing';
import { aVault } from '#libs/vault/testing';
import { SnapshotShelf } from './snapshot-shelf.ts';
import { rangeOf } from './webdav-answers.ts';
import { namesOfUrl, urlOfNames } from './webdav-path.ts';
import { serveWebdav, type WebdavServer } from './webdav-server.ts';

const big = seededRandom(1).bytes(300_000);
const odd = Uint8Array.from([0x62, 0xff, 0x3c, 0x26]);
const link = (target: string) => ({ '/entry': { type: 'symlink' as const, linkTarget: utf8(target) } });

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

describe('snapshots over WebDAV', () => {
  let server: WebdavServer;
  let base: string;
  const errors: string[] = [];

  beforeEach(async () => {
    const vault = await aVault();
    await vault.snapshot({ 'notes.txt': utf8('old') });
    await vault.snapshot({
      'notes.txt': utf8('hello'),
      'big.bin': big,
      'a & b': { 'c#d?': utf8('x') },
      odd: { '/entry': { name: odd }, '/content': utf8('odd name') },
      'to notes': link('notes.txt'),
      'to link': link('/home/ann/to notes'),
      around: link('.'),
      broken: link('nowhere'),
      fifo: { '/entry': { type: 'fifo' } },
    });
    await vault.snapshot({ only: utf8('this') }, { path: '/srv', adHoc: true });
    server = await serveWebdav({ shelf: await SnapshotShelf.open(await vault.open()), onError: (message) => void errors.push(message) });
    base = new URL(server.url).pathname;
  });
  afterEach(() => server.close());

  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(server.url);
      // As it stands: the URL class would tidy the path up.
      const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const hrefs = async (path: string): Promise<string[]> => {
    const { status, body } = await ask('PROPFIND', path, { depth: '1' }, '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>');
    expect(status).toBe(207);
    return [...body.toString().matchAll(/<D:href>([^<]*)<\/D:href>/g)].map(([, href]) => href!.replace(base, ''));
  };

  it('lists snapshots, latest first: the newest of everything, not the one of a named path', async () => {
    const found = await hrefs(base);
    expect(found.slice(0, 2)).toEqual(['', 'latest/']);
    expect(found.slice(2).map((href) => href.slice(0, 8))).toEqual(['00003%20', '00002%20', '00001%20']);
    expect((await hrefs(`${base}latest/home/ann/`)).slice(1)).toEqual([
      'latest/home/ann/a%20%26%20b/',
      'latest/home/ann/big.bin',
      'latest/home/ann/b%FF%3C%26',
      'latest/home/ann/notes.txt',
      'latest/home/ann/to%20link',
      'latest/home/ann/to%20notes',
    ]);
    expect(await hrefs(`${base}latest/home/ann/big.bin`)).toEqual(['latest/home/ann/big.bin']);
    expect((await ask('PROPFIND', base)).status).toBe(403);
    // Above the backed-up folders only names are known: the time is the snapshot's.
    const { body } = await ask('PROPFIND', `${base}latest/`, { depth: '1' });
    const times = [...body.toString().matchAll(/<D:getlastmodified>([^<]*)</g)].map(([, time]) => time);
    expect(times).toHaveLength(2);
    expect(times[0]).not.toContain('1970');
    expect(times[1]).toBe(times[0]);
  });

  it('serves files of any name whole and in ranges, with an ETag that follows the bytes', async () => {
    const get = (path: string, headers: Record<string, string> = {}) => ask('GET', `${base}${path}`, headers);
    expect((await get('latest/home/ann/b%FF%3C%26')).body.toString()).toBe('odd name');
    expect((await get('latest/home/ann/a%20%26%20b/c%23d%3f')).body.toString()).toBe('x');
    expect((await get('latest/home/ann/to%20link')).body.toString()).toBe('hello');
    const whole = await get('latest/home/ann/big.bin');
    expect(Buffer.compare(whole.body, big)).toBe(0);
    expect(whole.headers).toMatchObject({ 'content-length': '300000', 'accept-ranges': 'bytes', 'x-content-type-options': 'nosniff' });
    const etag = String(whole.headers.etag);
    for (const [header, first, last] of [
      ['bytes=0-0', 0, 0],
      ['bytes=1000-200999', 1000, 200_999],
      ['bytes=299999-', 299_999, 299_999],
      ['bytes=-5', 299_995, 299_999],
      ['bytes=5-9999999', 5, 299_999],
    ] as const) {
      const part = await get('latest/home/ann/big.bin', { range: header, 'if-range': etag });
      expect({ header, status: part.status, range: part.headers['content-range'] }).toEqual({
        ...{ header, status: 206, range: `bytes ${first}-${last}/300000` },
      });
      expect(Buffer.compare(part.body, big.subarray(first, last + 1))).toBe(0);
    }
    expect((await get('latest/home/ann/big.bin', { range: 'bytes=300000-' })).status).toBe(416);
    expect((await get('latest/home/ann/big.bin', { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
    expect((await get('latest/home/ann/big.bin', { 'if-none-match': etag })).status).toBe(304);
    const head = await ask('HEAD', `${base}latest/home/ann/notes.txt`);
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '5', 0]);
    const older = (await hrefs(base)).find((href) => href.startsWith('00001'))!;
    expect((await get(`${older}home/ann/notes.txt`)).headers.etag).not.toBe(head.headers.etag);
    expect((await get('latest/home/ann/')).body.toString()).toContain('a &amp; b/');
    expect(errors).toEqual([]);
  });

  it.each<[method: string, path: string, status: number, headers?: Record<string, string>]>([
    ['GET', '/', 404],
    ['GET', '/wrong/latest/', 404],
    ['GET', 'latest/home/ann/nowhere', 404],
    ['GET', 'latest/home/ann/broken', 404],
    ['GET', 'latest/home/ann/around', 404],
    ['GET', 'latest/home/ann/fifo', 404],
    ['GET', 'latest/home/ann/notes.txt/below', 404],
    ['GET', 'latest/../latest/', 400],
    ['GET', 'latest/%2e%2e/x', 400],
    ['GET', 'latest/a%2fb', 400],
    ['GET', 'latest/%00', 400],
    ['GET', 'latest/%zz', 400],
    ['PUT', 'latest/new', 405],
    ['DELETE', 'latest/home/ann/notes.txt', 405],
    ['MKCOL', 'latest/x', 405],
    ['LOCK', 'latest/home/ann/notes.txt', 405],
    ['GET', 'latest/', 421, { host: 'evil.example' }],
  ])('%s %s is refused with %d', async (method, path, status, headers = {}) => {
    expect((await ask(method, path.startsWith('/') ? path : `${base}${path}`, headers)).status).toBe(status);
  });

  it('takes no long body, and says what it can do', async () => {
    expect((await ask('PROPFIND', base, { depth: '0' }, 'x'.repeat(70_000))).status).toBe(413);
    expect((await ask('OPTIONS', base)).headers).toMatchObject({ dav: '1', allow: 'OPTIONS, GET, HEAD, PROPFIND' });
  });

  it('any name comes back from its URL, and a range never leaves the file', () => {
    const aName = fc.uint8Array({ minLength: 1, maxLength: 20 }).filter((name) => {
      const text = Buffer.from(name).toString('latin1');
      return !text.includes('/') && !text.includes('\0') && text !== '.' && text !== '..';
    });
    fc.assert(
      fc.property(fc.array(aName, { maxLength: 4 }), fc.boolean(), (names, isFolder) => {
        expect(namesOfUrl(urlOfNames('/token', names, isFolder), 1)).toEqual(names);
      }),
    );
    fc.assert(
      fc.property(fc.string(), fc.nat(100), fc.nat(200), fc.nat(200), (junk, size, a, b) => {
        for (const header of [junk, `bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${b}`]) {
          const range = rangeOf(header, size);
          if (range === undefined || range === 'none') continue;
          expect(range.first >= 0 && range.first <= range.last && range.last < size).toBe(true);
        }
      }),
    );
  });
});
