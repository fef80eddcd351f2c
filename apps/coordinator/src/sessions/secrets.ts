import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomSource } from '#libs/kernel';
import { toBase64Url } from '#libs/kernel';

/** 32 random bytes as text, for cookies, tickets and links. Only {@link hashSecret} of it is ever stored. */
export const newSecret = (random: RandomSource): string => toBase64Url(random.bytes(32));

/** What stands in the database for a secret of full entropy: SHA-256, base64url. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** A second value that only who has the first can know. */
export const deriveToken = (secret: string, purpose: string): string => createHmac('sha256', secret).update(purpose).digest('base64url');

/** Constant time for values of one length. */
export function sameSecret(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
