import { SwarmError } from '../errors.ts';

/** The part of an HTTP answer before its body (RFC 9112), as far as a gateway of ours uses it. */
export interface ResponseHead {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly contentLength: number;
  /** The other side ends the connection after this answer. */
  readonly closes: boolean;
}

const statusLine = /^HTTP\/1\.1 ([2-5]\d\d)(?: [\x20-\x7e\x80-\xff]*)?$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff]*?)[ \t]*$/;

/**
 * Reads everything up to the empty line. Stricter than HTTP: a length is a must, chunks and folded lines are refused, so
 * that there is one way only to say where an answer ends. Throws `protocol_violation`.
 */
export function parseResponseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n');
  const status = statusLine.exec(first)?.[1];
  if (status === undefined) throw violation('the answer is not HTTP/1.1');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined) throw violation('a header line that is none');
    const key = name.toLowerCase();
    if (key === 'content-length' && headers.has(key)) throw violation('two lengths');
    headers.set(key, value);
  }
  const length = headers.get('content-length');
  if (length === undefined || !/^\d{1,12}$/.test(length) || headers.has('transfer-encoding')) throw violation('an answer without a length');
  const closes = (headers.get('connection') ?? '')
    .toLowerCase()
    .split(/\s*,\s*/)
    .includes('close');
  return { status: Number(status), headers, contentLength: Number(length), closes };
}

/** `bytes 0-9/100` of an answer to a range. Undefined for anything else. */
export function parseContentRange(
  value: string | undefined,
): { readonly first: number; readonly last: number; readonly size: number } | undefined {
  const [, first, last, size] = /^bytes (\d{1,12})-(\d{1,12})\/(\d{1,12})$/.exec(value ?? '') ?? [];
  if (first === undefined || last === undefined || size === undefined) return undefined;
  return { first: Number(first), last: Number(last), size: Number(size) };
}

const violation = (what: string): SwarmError => new SwarmError('protocol_violation', `fast lane: ${what}`);
