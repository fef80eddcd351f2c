import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateSha256, selfSignedCertificate } from '#libs/crypto/node';
import type { Clock } from '#libs/kernel';
import { messageOf, systemErrorCode } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { dataFolder } from '../config/load-config.ts';
import { CoordinatorError } from '../errors.ts';
import { writeSecretFile } from '../identity/secret-file.ts';

/** Key and self-signed certificate: one file for both halves, so that they can't come from two different starts. */
export const tlsFile = (folder: string): string => join(folder, 'tls.pem');

export interface TlsIdentity {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** SHA-256 of the certificate's DER: what join links pin. */
  readonly derSha256: Uint8Array;
}

/**
 * The certificate that the server shows: the configured files, or a self-signed one that is made once and kept, because
 * every enrolled agent has pinned it. Throws `data_folder_unusable` or `config_invalid`.
 */
export async function tlsIdentity(config: CoordinatorConfig, clock: Clock): Promise<TlsIdentity> {
  if (config.tls.mode === 'files') return describe(read(config.tls.certificateFile), read(config.tls.keyFile));
  const folder = dataFolder(config);
  const file = tlsFile(folder);
  try {
    return split(readFileSync(file, 'utf8'));
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  const now = clock.nowMs();
  const made = await selfSignedCertificate({
    commonName: 'Holdfast coordinator',
    altNames: hostNames(config),
    notBeforeMs: now - DAY_MS,
    notAfterMs: now + LIFETIME_MS,
  });
  writeSecretFile(file, `${made.keyPem.trim()}\n${made.certPem.trim()}\n`);
  return describe(made.certPem, made.keyPem);
}

const DAY_MS = 86_400_000;
/** Agents trust the pinned certificate, not its date; a new one would need a new join link for every device. */
const LIFETIME_MS = 20 * 365 * DAY_MS;

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
  return { certificate, key, derSha256: certificateSha256(certificate) };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CoordinatorError('config_invalid', `${file} can't be read: ${messageOf(cause)}`, { cause });
  }
}
