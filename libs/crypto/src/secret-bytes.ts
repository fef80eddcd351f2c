import { CryptoError } from './crypto-error.ts';

/**
 * Overwrites secrets with zeros. Best effort: the engine may have copied the bytes before, and strings can't be wiped,
 * which is why key material is always a Uint8Array here.
 */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}

/** Compares without telling by its duration where the first difference is. The lengths are not secret. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** Throws `bad_key` unless `bytes` are bytes of exactly `length`; says which key, never its value. */
export function requireLength(name: string, bytes: Uint8Array, length: number): void {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) {
    throw new CryptoError('bad_key', `${name} must be ${length} bytes`, { context: { name, length: bytes?.length ?? null } });
  }
}
