import { CryptoError } from './crypto-error.ts';

export const noncePrefixSize = 16;

/** Writes u64le(n) at `offset`; throws `bad_key` unless `n` is a whole number from 0 to 2^64 - 1 (2^53 - 1 as a number). */
export function writeChunkNumber(into: Uint8Array, offset: number, n: number | bigint): void {
  const whole = typeof n === 'bigint' ? n >= 0n && n <= 0xffff_ffff_ffff_ffffn : Number.isSafeInteger(n) && n >= 0;
  if (!whole) throw new CryptoError('bad_key', 'the number of a sealed chunk is an unsigned 64-bit integer');
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  if (typeof n === 'bigint') {
    view.setBigUint64(offset, n, true);
  } else {
    view.setUint32(offset, n % 2 ** 32, true);
    view.setUint32(offset + 4, Math.floor(n / 2 ** 32), true);
  }
}

/** One message for every way in which a seal fails, so that it tells nothing about which. */
export function openFailed(): CryptoError {
  return new CryptoError('open_failed', 'a sealed chunk does not open: it was altered, moved, or sealed under another key', {
    nextStep: 'Fetch it from another holder.',
  });
}
