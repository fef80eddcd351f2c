import type { Primitives } from '#libs/crypto';
import { isPackId, type PackId } from '#libs/kernel';
import { VaultError } from '../errors.ts';

/** The hash of a pack's blocks; BLAKE3-256 unless a vault asks for SHA-256. Multihash codes 0x1e and 0x12. */
export type BlockHash = 'blake3' | 'sha256';

const hashCodes: Readonly<Record<BlockHash, number>> = { blake3: 0x1e, sha256: 0x12 };
const rawCodec = 0x55;
const dagPbCodec = 0x70;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** Bytes of a CIDv1 with a 32-byte digest: version, codec, hash code, length, digest. */
export const cidBytes = 36;

const cid = (codec: number, hash: BlockHash, digest: Uint8Array): Uint8Array => {
  const out = new Uint8Array(cidBytes);
  out.set([1, codec, hashCodes[hash], 32]);
  out.set(digest, 4);
  return out;
};

export const leafCid = (hash: BlockHash, digest: Uint8Array): Uint8Array => cid(rawCodec, hash, digest);
export const rootCid = (hash: BlockHash, digest: Uint8Array): Uint8Array => cid(dagPbCodec, hash, digest);

export function hashBlock(primitives: Pick<Primitives, 'blake3' | 'sha256'>, hash: BlockHash, block: Uint8Array): Uint8Array {
  return hash === 'blake3' ? primitives.blake3(block) : primitives.sha256(block);
}

/** Hash and digest of CID bytes with the expected codec, or undefined when they are something else. */
function parseCid(bytes: Uint8Array, codec: number): { hash: BlockHash; digest: Uint8Array } | undefined {
  if (bytes.length !== cidBytes || bytes[0] !== 1 || bytes[1] !== codec || bytes[3] !== 32) return undefined;
  const hash = bytes[2] === hashCodes.blake3 ? 'blake3' : bytes[2] === hashCodes.sha256 ? 'sha256' : undefined;
  return hash && { hash, digest: bytes.slice(4) };
}

export const parseLeafCid = (bytes: Uint8Array) => parseCid(bytes, rawCodec);

/** The text form: multibase `b`, base32 lower case without padding. */
export function packIdOf(rootCidBytes: Uint8Array): PackId {
  let text = 'b';
  let bits = 0;
  let value = 0;
  for (const byte of rootCidBytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(value >>> bits) & 31];
    }
  }
  if (bits > 0) text += alphabet[(value << (5 - bits)) & 31];
  return text as PackId;
}

/** The root CID's bytes. Throws `invalid_input` unless it is CIDv1 dag-pb with BLAKE3-256 or SHA-256 in its one text form. */
export function packIdBytes(packId: PackId): Uint8Array {
  const bytes = isPackId(packId) ? decodeBase32(packId.slice(1)) : undefined;
  if (!bytes || !parseCid(bytes, dagPbCodec) || packIdOf(bytes) !== packId) {
    throw new VaultError('invalid_input', `"${String(packId).slice(0, 120)}" is not a pack id`);
  }
  return bytes;
}

export function parsePackId(packId: PackId): { readonly hash: BlockHash; readonly digest: Uint8Array } {
  return parseCid(packIdBytes(packId), dagPbCodec)!;
}

/** The id for root CID bytes from outside, or undefined when they are not one of a pack. */
export function packIdFromBytes(bytes: Uint8Array): PackId | undefined {
  return parseCid(bytes, dagPbCodec) ? packIdOf(bytes) : undefined;
}

function decodeBase32(text: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let value = 0;
  let at = 0;
  for (let i = 0; i < text.length; i += 1) {
    value = ((value << 5) | alphabet.indexOf(text[i]!)) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (value >>> bits) & 0xff;
    }
  }
  return out;
}
