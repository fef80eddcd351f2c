import { createHash } from 'node:crypto';
import { displayPath } from '../platform/index.ts';
import type { ShelfItem } from './snapshot-shelf.ts';

/** Changes when, and only when, the bytes of the file do. */
export function etagOf({ entry, sizeBytes }: ShelfItem): string {
  const hash = createHash('sha256').update(`${sizeBytes} ${JSON.stringify(entry?.dataRanges ?? [])} `);
  const content = entry?.content;
  if (content) hash.update('ids' in content ? content.ids : content.chunkList);
  return `"${hash.digest('hex').slice(0, 32)}"`;
}

export function httpDate(ns: bigint): string {
  return dateOf(ns).toUTCString();
}

/** HTTP knows neither fractions nor years before 1970 or after 9999. */
function dateOf(ns: bigint): Date {
  return new Date(Math.min(Math.max(0, Number(ns / 1_000_000n)), 253_402_300_799_000));
}

export const multistatusStart = '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">\n';
export const multistatusEnd = '</D:multistatus>\n';

/** One resource with all the properties that there are. */
export function propfindAnswer(href: string, item: ShelfItem): string {
  const properties = [
    `<D:displayname>${escaped(displayPath(item.name))}</D:displayname>`,
    `<D:getlastmodified>${httpDate(item.mtimeNs)}</D:getlastmodified>`,
  ];
  if (item.birthtimeNs !== undefined)
    properties.push(`<D:creationdate>${dateOf(item.birthtimeNs).toISOString().slice(0, 19)}Z</D:creationdate>`);
  if (item.kind === 'folder') properties.push('<D:resourcetype><D:collection/></D:resourcetype>');
  else
    properties.push(
      '<D:resourcetype/>',
      `<D:getcontentlength>${item.sizeBytes}</D:getcontentlength>`,
      `<D:getetag>${escaped(etagOf(item))}</D:getetag>`,
      '<D:getcontenttype>application/octet-stream</D:getcontenttype>',
    );
  return `<D:response><D:href>${href}</D:href><D:propstat><D:prop>${properties.join('')}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n`;
}

const style = 'body{font:15px system-ui;margin:2em}td{padding:2px 1em 2px 0}td.n{text-align:right}';

export function pageStart(title: string): string {
  return `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style><h1>${escaped(title)}</h1><table>\n`;
}

export const pageEnd = '</table>\n';

/** One row of a folder's page, for a browser. */
export function pageRow(href: string, name: string, item: ShelfItem | undefined): string {
  const size = item?.kind === 'file' ? item.sizeBytes.toLocaleString('en-US') : '';
  const time = item ? dateOf(item.mtimeNs).toISOString().slice(0, 19).replace('T', ' ') : '';
  return `<tr><td><a href="${href}">${escaped(name)}</a><td class="n">${size}<td>${time}\n`;
}

/** For XML and HTML; characters that XML can't have at all become question marks. */
export function escaped(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- they are what is replaced
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The one range that a `Range` header asks for. Undefined: serve all of it (several ranges, too). `none`: nothing of it is there. */
export function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | 'none' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), sizeBytes);
    return length === 0 ? 'none' : { first: sizeBytes - length, last: sizeBytes - 1 };
  }
  const first = Number(match[1]);
  if (match[2] !== '' && Number(match[2]) < first) return undefined;
  if (first >= sizeBytes) return 'none';
  return { first, last: match[2] === '' ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1) };
}
