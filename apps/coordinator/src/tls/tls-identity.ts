import { X509Certificate, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#libs/kernel';
import { messageOf } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { dataFolder } from '../config/load-config.ts';
import { CoordinatorError } from '../errors.ts';
import { writeSecretFile } from '../identity/secret-file.ts';
import { selfSignedCertificate } from './self-signed.ts';

export interface TlsIdentity {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** DER of the leaf certificate: what join links pin. */
  readonly certificateDer: Uint8Array;
  /** SHA-256 of the DER in the usual colon form, for people who compare it in a browser. */
  readonly sha256: string;
}

/**
 * The certificate that the server shows: the configured files, or a self-signed one that is made once and kept, because
 * every enrolled agent has pinned it. Throws `data_folder_unusable` or `config_invalid`.
 */
export async function tlsIdentity(config: CoordinatorConfig, clock: Clock): Promise<TlsIdentity> {
  if (config.tls.mode === 'files') return describe(read(config.tls.certificateFile), read(config.tls.keyFile));
  const folder = dataFolder(config);
  // One file for both halves, so that they can't come from two different starts.
  const file = join(folder, 'tls.pem');
  try {
    return split(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = await selfSignedCertificate(hostNames(config), clock.nowMs());
  writeSecretFile(file, `${made.key.trim()}\n${made.certificate.trim()}\n`);
  return describe(made.certificate, made.key);
}

const hostNames = ({ listen, public: outside }: CoordinatorConfig): string[] => [
  ...new Set([
    'localhost',
    '127.0.0.1',
    '::1',
    ...[listen.host, outside.host].filter((host) => host !== null && !['0.0.0.0', '::'].includes(host)),
  ] as string[]),
];

function split(pem: string): TlsIdentity {
  const at = pem.indexOf('-----BEGIN CERTIFICATE-----');
  if (at <= 0)
    throw new CoordinatorError('data_folder_unusable', 'tls.pem in the data folder is damaged.', {
      nextStep: 'Restore it from a backup of the data folder.',
    });
  return describe(pem.slice(at), pem.slice(0, at));
}

function describe(certificate: string, key: string): TlsIdentity {
  const certificateDer = new X509Certificate(certificate).raw;
  const sha256 = createHash('sha256').update(certificateDer).digest('hex').toUpperCase().match(/../g)!.join(':');
  return { certificate, key, certificateDer, sha256 };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CoordinatorError('config_invalid', `${file} can't be read: ${messageOf(cause)}`, { cause });
  }
}
