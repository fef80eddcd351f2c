import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import type { PackId } from '#libs/kernel';
import { SwarmError } from '../errors.ts';

/** A range as it was asked for; what it means depends on the pack's size. Both ends count. */
export type AskedRange = { readonly first: number; readonly last: number | undefined } | { readonly lastBytes: number };

/** What a gateway can be asked for. A CID is a leaf, of whichever pack has it. */
export type GatewayRequest =
  | { readonly kind: 'probe' }
  | { readonly kind: 'block'; readonly of: PackId | CID; readonly asCar: boolean }
  | { readonly kind: 'car'; readonly packId: PackId; readonly bytes: AskedRange | undefined }
  | { readonly kind: 'file'; readonly packId: PackId; readonly range: AskedRange | undefined };

export interface RequestLine {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly accept: string | undefined;
  readonly range: string | undefined;
}

/** dag-pb in the table of multicodecs; the codec itself is not needed. */
const dagPbCode = 0x70;
const types = { raw: 'application/vnd.ipld.raw', car: 'application/vnd.ipld.car' } as const;

/**
 * Reads a request to an IPFS gateway (specs.ipfs.tech, trustless gateway; a pack's bytes as the path gateway gives them):
 * `/ipfs/<cid>` with `format` or `Accept`, `dag-scope`, `entity-bytes`, `Range`. Pure. Throws `protocol_violation` for what
 * is malformed, `pack_not_found` for what no pack can be.
 */
export function parseGatewayRequest({ method, url, accept, range }: RequestLine): GatewayRequest {
  if (method !== 'GET' && method !== 'HEAD') throw violation(`the method ${method?.slice(0, 20) ?? ''} is not known here`);
  const { pathname, searchParams } = parsedUrl(url ?? '');
  const [, text] = /^\/ipfs\/([A-Za-z0-9]{1,128})\/?$/.exec(pathname) ?? [];
  if (text === undefined) throw new SwarmError('pack_not_found', 'only /ipfs/<CID> is served here');
  const format = formatOf(searchParams.get('format'), accept);
  if (text === 'bafkqaaa') return { kind: 'probe' };
  const of = packOrLeaf(text);
  if (typeof of !== 'string') return { kind: 'block', of, asCar: format === 'car' };
  if (format === 'raw') return { kind: 'block', of, asCar: false };
  if (format === 'file') return { kind: 'file', packId: of, range: parseRange(range) };
  const scope = searchParams.get('dag-scope') ?? 'all';
  if (!['block', 'entity', 'all'].includes(scope)) throw violation('a dag-scope that is none');
  if (scope === 'block') return { kind: 'block', of, asCar: true };
  return { kind: 'car', packId: of, bytes: parseEntityBytes(searchParams.get('entity-bytes')) };
}

/** Bytes of a file of `size` that a range means, or undefined when none of them is there. */
export function resolveRange(range: AskedRange | undefined, size: number): { readonly first: number; readonly last: number } | undefined {
  if (!range) return { first: 0, last: size - 1 };
  if ('lastBytes' in range) return range.lastBytes === 0 ? undefined : { first: Math.max(0, size - range.lastBytes), last: size - 1 };
  if (range.first >= size) return undefined;
  return { first: range.first, last: Math.min(range.last ?? size - 1, size - 1) };
}

function parsedUrl(url: string): URL {
  try {
    return new URL(url, 'http://holdfast');
  } catch {
    throw violation('a request for no address');
  }
}

/** `format` comes before `Accept`; without either it is the file's bytes, as for any gateway. */
function formatOf(format: string | null, accept: string | undefined): 'raw' | 'car' | 'file' {
  if (format === 'raw' || format === 'car') return format;
  if (format !== null) throw violation('a format that is not served here');
  const wanted = (accept ?? '*/*').toLowerCase();
  if (wanted.includes(types.car)) return 'car';
  if (wanted.includes(types.raw)) return 'raw';
  return 'file';
}

/** A pack is named by its root, a dag-pb node; its other blocks are raw ones. */
function packOrLeaf(text: string): PackId | CID {
  let cid: CID;
  try {
    cid = CID.parse(text);
  } catch {
    throw violation('a CID that is none');
  }
  const isOurs = cid.version === 1 && (cid.code === dagPbCode || cid.code === raw.code) && cid.multihash.digest.length === 32;
  if (!isOurs) throw new SwarmError('pack_not_found', 'this block is no part of a pack');
  return cid.code === dagPbCode ? (cid.toString() as PackId) : cid;
}

/** One range only; several, or what we don't understand, count as none, as HTTP wants it. */
function parseRange(text: string | undefined): AskedRange | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return { lastBytes: Number(last) };
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return { first: Number(first), last: last === '' ? undefined : Number(last) };
}

/** `from:to`, both counted, `to` may be `*`; negative numbers count from the end and are served for `from:*` only. */
function parseEntityBytes(text: string | null): AskedRange | undefined {
  if (text === null) return undefined;
  const [, minus, from, to] = /^(-?)(\d{1,15}):(\*|\d{1,15})$/.exec(text) ?? [];
  if (from === undefined || to === undefined || (minus === '-' && to !== '*') || (to !== '*' && Number(to) < Number(from)))
    throw violation('entity-bytes that are not served here');
  if (minus === '-') return { lastBytes: Number(from) };
  return { first: Number(from), last: to === '*' ? undefined : Number(to) };
}

const violation = (what: string): SwarmError => new SwarmError('protocol_violation', `gateway: ${what}`);
