import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { RandomSource } from '#libs/kernel';
import { systemRandom, toHex } from '#libs/kernel';
import { CryptoError } from '../crypto-error.ts';

export interface SelfSignedCertificate {
  readonly certPem: string;
  /** PKCS #8. Store it with mode 0600. */
  readonly keyPem: string;
  /** What the join link pins: SHA-256 over the certificate's DER bytes. */
  readonly derSha256: Uint8Array;
}

export interface SelfSignedCertificateInput {
  readonly commonName: string;
  /** DNS names and IP addresses under which the server is reached. */
  readonly altNames: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** For the serial number; the key comes from the platform. */
  readonly random?: RandomSource;
}

/**
 * A server certificate of ECDSA P-256 with SHA-256, signed by itself (RFC 5280). Throws `bad_certificate` on a name that
 * can't stand in one or an empty period.
 */
export async function selfSignedCertificate(input: SelfSignedCertificateInput): Promise<SelfSignedCertificate> {
  const { commonName, altNames, notBeforeMs, notAfterMs } = input;
  if (!/^[\w .:-]{1,64}$/.test(commonName)) throw badCertificate('the common name has 1 to 64 letters, digits, spaces or .:-_');
  if (!(notBeforeMs < notAfterMs)) throw badCertificate('the period of the certificate is empty');
  for (const name of altNames) {
    // An address with a zone (%eth0) is one to isIP, but has no place in a certificate.
    if (name.includes('%') || (isIP(name) === 0 && !/^[A-Za-z0-9_*.-]{1,253}$/.test(name)))
      throw badCertificate('an alternative name is neither a DNS name nor an IP address');
  }
  // Loaded here: only a coordinator's first start needs it. Its injection container wants the metadata polyfill first.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: positiveSerial(input.random ?? systemRandom),
    name: [{ CN: [commonName] }],
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      ...(altNames.length > 0
        ? [new x509.SubjectAlternativeNameExtension(altNames.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const))]
        : []),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const keyPem = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: `${keyPem}\n`, derSha256: sha256Of(new Uint8Array(certificate.rawData)) };
}

/** SHA-256 over the DER bytes of the first certificate of a PEM text, or of DER bytes. Throws `bad_certificate`. */
export function certificateSha256(pemOrDer: string | Uint8Array): Uint8Array {
  try {
    return sha256Of(new X509Certificate(pemOrDer).raw);
  } catch {
    throw badCertificate('this is not a certificate');
  }
}

function sha256Of(der: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(der).digest());
}

/** 16 bytes, first bit clear and first byte not zero: positive and of one length, whatever encoder reads it. */
function positiveSerial(random: RandomSource): string {
  const bytes = random.bytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return toHex(bytes);
}

function badCertificate(message: string): CryptoError {
  return new CryptoError('bad_certificate', message);
}
