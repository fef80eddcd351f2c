import { fromBase64Url, toHex } from '#libs/kernel';

/** The first 8 bytes of a public key in groups of four hex digits, short enough to compare by eye or on the phone. */
export function keyFingerprint(publicKey: string): string {
  return toHex(fromBase64Url(publicKey).subarray(0, 8)).match(/.{4}/g)!.join(' ');
}
