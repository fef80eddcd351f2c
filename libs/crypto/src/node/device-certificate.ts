import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import { concatBytes, fromBase64Url } from '#libs/kernel';
import { requireLength } from '../secret-bytes.ts';

export interface DeviceCertificate {
  readonly certPem: string;
  /** PKCS #8. It is the device's identity: never written anywhere. */
  readonly keyPem: string;
}

const seedBytes = 32;
/** PKCS #8 of an Ed25519 seed (RFC 8410, section 7) up to the seed. */
const pkcs8Prefix = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);

/**
 * A certificate whose key is the device's own Ed25519 key, signed by itself (RFC 5280, RFC 8410). TLS 1.3 makes each side
 * prove that it has the private key, so the proved public key is the device's identity and nothing else in here counts:
 * the name is the same for all, and the period never ends, because membership is the roster's business. The same seed
 * always gives the same certificate. Throws `bad_key` unless the seed is 32 bytes.
 */
export function deviceCertificate(seed: Uint8Array): DeviceCertificate {
  requireLength('signing seed', seed, seedBytes);
  const key = createPrivateKey({ key: Buffer.from(concatBytes(pkcs8Prefix, seed)), format: 'der', type: 'pkcs8' });
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }));
  const body = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))),
    der(0x02, serialOf(publicKey)),
    ed25519,
    commonName,
    // "No well-defined expiration" of RFC 5280, section 4.1.2.5.
    sequence(der(0x17, ascii('700101000000Z')), der(0x18, ascii('99991231235959Z'))),
    commonName,
    publicKey,
  );
  const certificate = sequence(body, ed25519, der(0x03, Uint8Array.of(0), new Uint8Array(sign(null, body, key))));
  return { certPem: pem(certificate), keyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString() };
}

/** The Ed25519 key (32 bytes) that a certificate is about, or undefined when it is about another kind of key. */
export function signingKeyOf(certificate: X509Certificate): Uint8Array | undefined {
  try {
    const { publicKey } = certificate;
    if (publicKey.asymmetricKeyType !== 'ed25519') return undefined;
    return fromBase64Url(publicKey.export({ format: 'jwk' }).x!);
  } catch {
    // A key that this platform can't even read.
    return undefined;
  }
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Distinguished encoding (X.690) of one value: tag, length, contents. Nothing here is longer than 65,535 bytes. */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const contents = concatBytes(...parts);
  const { length } = contents;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concatBytes(Uint8Array.from([tag, ...size]), contents);
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(0x30, ...parts);
}

/** AlgorithmIdentifier of Ed25519, 1.3.101.112. */
const ed25519 = sequence(der(0x06, Uint8Array.of(0x2b, 0x65, 0x70)));
/** CN=holdfast device. */
const commonName = sequence(der(0x31, sequence(der(0x06, Uint8Array.of(0x55, 0x04, 0x03)), der(0x0c, ascii('holdfast device')))));

/** Positive, without a leading zero, and the key's own. */
function serialOf(publicKey: Uint8Array): Uint8Array {
  const serial = new Uint8Array(createHash('sha256').update(publicKey).digest().subarray(0, 16));
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  return serial;
}

function pem(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
