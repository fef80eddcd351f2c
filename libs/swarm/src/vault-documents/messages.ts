/**
 * Messages of `/holdfast/vault/1`: a vault's header and head at the holders, so that a restore works while the
 * coordinator is down.
 *
 * Participants: an owner (or a reader) and a holder, members of one roster. Goals: small, bounded, newest wins.
 * Non-goals: authenticity (header and head are signed by the owner, and whoever reads or keeps them checks that), history.
 * One stream carries one request and one answer:
 *
 *   request   u8 kind (1 get, 2 put) ‖ vault id (16) ‖ for put: documents
 *   answer    u8 status (0 none, 1 here, 2 refused) ‖ u64le sequence held ‖ for get and status 1: documents
 *   documents u64le sequence ‖ u32le header length (at most 256 KiB) ‖ header ‖ u32le head length (at most 8 MiB, 0: none) ‖ head
 */
import type { VaultId } from '#libs/kernel';
import { concatBytes, fromHex, toHex } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import type { VaultDocuments } from './store.ts';

export const vaultProtocol = '/holdfast/vault/1';
export const maxHeaderBytes = 256 * 1024;
export const maxHeadBytes = 8 * 1024 * 1024;

const vaultIdBytes = 16;
export const requestBytes = 1 + vaultIdBytes;
export const answerBytes = 1 + 8;

export type AnswerStatus = 'none' | 'here' | 'refused';
const statuses: readonly AnswerStatus[] = ['none', 'here', 'refused'];

/** Reads exactly that many bytes; undefined at the end of the stream. */
export type ReadExactly = (length: number) => Promise<Uint8Array | undefined>;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const violation = (what: string): SwarmError => new SwarmError('protocol_violation', `${vaultProtocol}: ${what}`);

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  view(out).setUint32(0, value, true);
  return out;
}

function u64(value: number): Uint8Array {
  const out = new Uint8Array(8);
  view(out).setBigUint64(0, BigInt(value), true);
  return out;
}

function safeU64(bytes: Uint8Array): number {
  const value = view(bytes).getBigUint64(0, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw violation('a number that is too large');
  return Number(value);
}

export function encodeRequest(kind: 'get' | 'put', vaultId: VaultId): Uint8Array {
  return concatBytes(Uint8Array.of(kind === 'get' ? 1 : 2), fromHex(vaultId));
}

export function decodeRequest(bytes: Uint8Array): { readonly kind: 'get' | 'put'; readonly vaultId: VaultId } {
  if (bytes[0] !== 1 && bytes[0] !== 2) throw violation(`a request of kind ${bytes[0]}`);
  return { kind: bytes[0] === 1 ? 'get' : 'put', vaultId: toHex(bytes.subarray(1, requestBytes)) as VaultId };
}

export function encodeAnswer(status: AnswerStatus, sequence: number): Uint8Array {
  return concatBytes(Uint8Array.of(statuses.indexOf(status)), u64(sequence));
}

export function decodeAnswer(bytes: Uint8Array): { readonly status: AnswerStatus; readonly sequence: number } {
  const status = statuses[bytes[0]!];
  if (!status) throw violation(`an answer of status ${bytes[0]}`);
  return { status, sequence: safeU64(bytes.subarray(1)) };
}

/** Throws `document_invalid` when a part is larger than its limit. */
export function encodeDocuments(documents: VaultDocuments): Uint8Array {
  const { header, sequence } = documents;
  const head = documents.head ?? new Uint8Array();
  if (
    header.length > maxHeaderBytes ||
    head.length > maxHeadBytes ||
    header.length === 0 ||
    !Number.isSafeInteger(sequence) ||
    sequence < 0
  ) {
    throw new SwarmError(
      'document_invalid',
      `the header (${header.length} bytes) or head (${head.length} bytes) of vault ${documents.vaultId} has a wrong size`,
      {
        context: { vaultId: documents.vaultId },
      },
    );
  }
  return concatBytes(u64(sequence), u32(header.length), header, u32(head.length), head);
}

/** Reads documents piece by piece, each length checked before its bytes are taken. Throws `protocol_violation`. */
export async function readDocuments(vaultId: VaultId, read: ReadExactly): Promise<VaultDocuments> {
  const part = async (length: number): Promise<Uint8Array> => {
    if (length === 0) return new Uint8Array();
    const bytes = await read(length);
    if (!bytes) throw violation('documents that end early');
    return bytes;
  };
  const length = async (least: number, most: number): Promise<number> => {
    const value = view(await part(4)).getUint32(0, true);
    if (value < least || value > most) throw violation(`a document of ${value} bytes`);
    return value;
  };
  const sequence = safeU64(await part(8));
  const header = await part(await length(1, maxHeaderBytes));
  const head = await part(await length(0, maxHeadBytes));
  return { vaultId, header, head: head.length > 0 ? head : undefined, sequence };
}
