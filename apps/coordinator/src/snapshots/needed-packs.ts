import { inflateSync } from 'node:zlib';
import { PackBitmap } from '#libs/durability';
import { fromBase64Url, messageOf } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';

/** Bits enough for 32 million packs: a petabyte of 32 MiB packs. A hostile megabyte of zlib could otherwise become a gigabyte. */
const maxBitmapBytes = 4 * 1024 * 1024;

/** Inflates the bitmap of needed ordinals, allocating at most {@link maxBitmapBytes}. Throws `request_invalid`. */
export function readNeededPacks(deflated: string): PackBitmap {
  try {
    return PackBitmap.fromBytes(inflateSync(fromBase64Url(deflated), { maxOutputLength: maxBitmapBytes }));
  } catch (cause) {
    throw new CoordinatorError(
      'request_invalid',
      `The request is not valid: neededPacks: must be a deflated bitmap of at most ${maxBitmapBytes} bytes.`,
      {
        cause,
        context: { reason: messageOf(cause) },
      },
    );
  }
}
