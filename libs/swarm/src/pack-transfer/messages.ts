/**
 * Messages of `/holdfast/pack/1`.
 *
 * Participants: a client that wants blocks of packs, a server that has them; both members of one roster, on an
 * authenticated and encrypted stream. Goals: bulk speed, resume at leaf granularity, every length known and bounded
 * before anything is allocated, an explicit end (a relay's limit can end a stream cleanly in the middle). Non-goals:
 * discovery, verification (whoever keeps or opens a block does that), deciding who may have what beyond the callback.
 *
 * The client sends requests, one after the other or pipelined; the server answers each in order:
 *
 *   request   u16le length (41) ‖ u8 kind (1 root, 2 leaves) ‖ 36 bytes root CID ‖ u16le first ‖ u16le count
 *   answer    frames: u8 kind ‖ u32le length ‖ payload
 *             1 root block (1 to 65,536 bytes) · 2 leaf (1 to 1,048,576 bytes) · 3 end (u16le blocks sent) ·
 *             4 error (u8 code ‖ UTF-8 text, at most 200 bytes), which ends the answer
 *
 * Numbers are little-endian as everywhere in the vault format. See docs/spec/pack-transfer.md.
 */
import type { PackId } from '#libs/kernel';
import { AppError } from '#libs/kernel';
import { cidBytes, packIdBytes, packIdFromBytes } from '#libs/vault';
import type { SwarmErrorCode } from '../errors.ts';
import { SwarmError } from '../errors.ts';
import { leafBytes, maxLeaves, maxRootBytes } from './limits.ts';

export const packProtocol = '/holdfast/pack/1';

export const requestLengthBytes = 2;
/** Of the part after the length. Newer minor versions may only append: a reader takes up to {@link maxRequestBytes} and ignores the rest. */
export const requestBytes = 1 + cidBytes + 4;
export const maxRequestBytes = 256;
export const frameHeaderBytes = 5;
const maxErrorTextBytes = 200;

export type PackRequest =
  | { readonly kind: 'root'; readonly packId: PackId }
  | { readonly kind: 'leaves'; readonly packId: PackId; readonly first: number; readonly count: number };

export type FrameKind = 'root' | 'leaf' | 'end' | 'error';
const frameKinds = ['root', 'leaf', 'end', 'error'] as const;
const frameLimits: Readonly<Record<FrameKind, readonly [number, number]>> = {
  root: [1, maxRootBytes],
  leaf: [1, leafBytes],
  end: [2, 2],
  error: [1, 1 + maxErrorTextBytes],
};

/** Error codes on the wire; the number is the place in this list, from 1. Append only. */
const wireCodes: readonly SwarmErrorCode[] = [
  'pack_not_found',
  'peer_refused',
  'peer_busy',
  'pack_corrupt',
  'protocol_violation',
  'source_unavailable',
];
const temporaryCodes: ReadonlySet<SwarmErrorCode> = new Set(['peer_busy', 'source_unavailable']);

const violation = (what: string): SwarmError => new SwarmError('protocol_violation', `${packProtocol}: ${what}`);
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function encodeRequest(request: PackRequest): Uint8Array {
  const out = new Uint8Array(requestLengthBytes + requestBytes);
  const numbers = view(out);
  numbers.setUint16(0, requestBytes, true);
  out[2] = request.kind === 'root' ? 1 : 2;
  out.set(packIdBytes(request.packId), 3);
  if (request.kind === 'leaves') {
    numbers.setUint16(3 + cidBytes, request.first, true);
    numbers.setUint16(5 + cidBytes, request.count, true);
  }
  return out;
}

/** Length of the request that follows. Throws `protocol_violation`. */
export function requestLength(prefix: Uint8Array): number {
  const length = view(prefix).getUint16(0, true);
  if (length < requestBytes || length > maxRequestBytes) throw violation(`a request of ${length} bytes`);
  return length;
}

/** Throws `protocol_violation` for an unknown kind, a CID that is no pack's, a range that no pack has. */
export function decodeRequest(body: Uint8Array): PackRequest {
  if (body.length < requestBytes) throw violation(`a request of ${body.length} bytes`);
  const packId = packIdFromBytes(body.subarray(1, 1 + cidBytes));
  if (!packId) throw violation('a request for something that is no pack');
  if (body[0] === 1) return { kind: 'root', packId };
  if (body[0] !== 2) throw violation(`a request of kind ${body[0]}`);
  const first = view(body).getUint16(1 + cidBytes, true);
  const count = view(body).getUint16(3 + cidBytes, true);
  if (count < 1 || first + count > maxLeaves) throw violation(`a request for leaves ${first} to ${first + count - 1}`);
  return { kind: 'leaves', packId, first, count };
}

export function encodeFrameHeader(kind: FrameKind, length: number): Uint8Array {
  const out = new Uint8Array(frameHeaderBytes);
  out[0] = 1 + frameKinds.indexOf(kind);
  view(out).setUint32(1, length, true);
  return out;
}

/** Throws `protocol_violation` for an unknown kind or a length outside the kind's bounds. */
export function decodeFrameHeader(header: Uint8Array): { readonly kind: FrameKind; readonly length: number } {
  const kind = frameKinds[header[0]! - 1];
  if (!kind) throw violation(`a frame of kind ${header[0]}`);
  const length = view(header).getUint32(1, true);
  const [least, most] = frameLimits[kind];
  if (length < least || length > most) throw violation(`a ${kind} frame of ${length} bytes`);
  return { kind, length };
}

export function encodeEnd(blocks: number): Uint8Array {
  const out = new Uint8Array(2);
  view(out).setUint16(0, blocks, true);
  return out;
}

export const decodeEnd = (payload: Uint8Array): number => view(payload).getUint16(0, true);

/** Errors that have no code on the wire travel as `source_unavailable`, without their text: it may name local paths. */
export function encodeError(error: unknown): Uint8Array {
  const at = error instanceof AppError ? wireCodes.indexOf(error.code as SwarmErrorCode) : -1;
  const text = at < 0 ? 'the device could not read this pack' : (error as AppError).message;
  const bytes = new TextEncoder().encode(text).subarray(0, maxErrorTextBytes);
  const out = new Uint8Array(1 + bytes.length);
  out[0] = at < 0 ? wireCodes.length : at + 1;
  out.set(bytes, 1);
  return out;
}

/** What the other side answered, as the error it stands for. Unknown codes of newer versions count as temporary. */
export function decodeError(payload: Uint8Array, from: string): SwarmError {
  const code = wireCodes[payload[0]! - 1] ?? 'source_unavailable';
  // Text from outside ends up in logs and terminals: printable characters only.
  const text = new TextDecoder().decode(payload.subarray(1)).replaceAll(/[^\x20-\x7e]/g, '?');
  return new SwarmError(code, `${from}: ${text}`, { status: temporaryCodes.has(code) ? 'temporary' : 'permanent', context: { from } });
}
