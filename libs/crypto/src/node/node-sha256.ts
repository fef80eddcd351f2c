import { createHash } from 'node:crypto';

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function nodeSha256(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(data).digest());
}
