import { createHash } from 'node:crypto';
import { AgentError } from '../errors.ts';
import type { CertificateCheck } from './pinned-connection.ts';

/** SHA-256 of a certificate's DER bytes. */
export const certificateDigest = (certificate: Uint8Array): Buffer => createHash('sha256').update(certificate).digest();

/** Lets only the certificate pass that was pinned at join (base64url). Throws `pin_mismatch`. */
export function certificatePin(pin: string): CertificateCheck {
  return (certificate) => {
    if (certificateDigest(certificate).toString('base64url') === pin) return;
    throw new AgentError('pin_mismatch', 'the coordinator shows another certificate than the one pinned at join', {
      nextStep: 'If its certificate was not renewed on purpose, somebody is in between: ask the administrator before you join again.',
    });
  };
}
