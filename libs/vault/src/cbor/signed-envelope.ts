import { sign, signingKeySizes, verify, type SigningKeyPair } from '#libs/crypto';
import { VaultError } from '../errors.ts';
import { CborReader, type Fail } from './cbor-reader.ts';
import { CborWriter } from './cbor-writer.ts';

/** What a signature is for; part of what is signed, so that one can't stand for another. */
export type SignedType = 'vault-header' | 'vault-head' | 'snapshot-record';

/** dag-cbor `[payload bytes, Ed25519 signature]`; the payload is dag-cbor too. */
export function encodeSigned(type: SignedType, payload: Uint8Array, keys: SigningKeyPair): Uint8Array {
  const w = new CborWriter(payload.length + 80);
  w.array(2);
  w.bytes(payload);
  w.bytes(sign(type, payload, keys.secretKey));
  return w.finish();
}

export interface Signed {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export function decodeSigned(bytes: Uint8Array, maxBytes: number, fail: Fail): Signed {
  const reader = new CborReader(bytes, fail);
  if (reader.array(2) !== 2) throw reader.fail('expected a payload and a signature');
  const payload = reader.bytes(maxBytes);
  const signature = reader.bytes(signingKeySizes.signature, signingKeySizes.signature);
  reader.end();
  return { payload, signature };
}

/** Throws `bad_signature` unless the device with this key signed it. `what` is for the message. */
export function checkSignature(type: SignedType, { payload, signature }: Signed, publicKey: Uint8Array, what: string): void {
  if (!verify(type, payload, signature, publicKey))
    throw new VaultError('bad_signature', `${what} is not signed by the device that owns the vault`);
}

/** Files outside packs begin with four letters and a version byte. Returns what follows; throws `code` or `unsupported_version`. */
export function openFile(
  bytes: Uint8Array,
  letters: string,
  version: number,
  maxBytes: number,
  code: 'bad_header' | 'bad_head',
): Uint8Array {
  const what = code === 'bad_header' ? 'vault header' : 'vault head';
  if (bytes.length > maxBytes)
    throw new VaultError('limit_exceeded', `a ${what} of ${bytes.length} bytes is over the limit of ${maxBytes}`);
  if (bytes.length < 5 || Array.from(letters).some((letter, i) => bytes[i] !== letter.charCodeAt(0)))
    throw new VaultError(code, `this is not a ${what}`);
  if (bytes[4] !== version) throw new VaultError('unsupported_version', `${what} of version ${bytes[4]} is not known here`);
  return bytes.subarray(5);
}

export function sealFile(letters: string, version: number, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(5 + body.length);
  for (let i = 0; i < 4; i += 1) out[i] = letters.charCodeAt(i);
  out[4] = version;
  out.set(body, 5);
  return out;
}
