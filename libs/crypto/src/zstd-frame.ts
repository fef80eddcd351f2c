import { CryptoError } from './crypto-error.ts';

/** No chunk, tree or index fragment is near this; a larger plain length is refused before anything is allocated. */
export const maxPlainLength = 256 * 1024 * 1024;
/** Level 19, the highest that we write, uses at most this window. */
const maxWindowSize = 8 * 1024 * 1024;
const maxBlockSize = 128 * 1024;

/**
 * Walks the frame of RFC 8878 without decoding it: exactly one Zstandard frame that fills `data`, whose Frame_Content_Size
 * stands in its header and is `plainLength`, without dictionary, window and blocks within bounds. So both implementations
 * refuse the same inputs, and a decoder never sees a frame that claims more than was agreed. Throws `decompress_failed`.
 */
export function checkZstdFrame(data: Uint8Array, plainLength: number): void {
  if (!Number.isSafeInteger(plainLength) || plainLength < 0 || plainLength > maxPlainLength)
    throw decompressFailed('a plain length out of bounds');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 9 || view.getUint32(0, true) !== 0xfd2fb528) throw decompressFailed('not a Zstandard frame');
  const { contentSize, windowSize, headerSize, hasChecksum } = readHeader(data, view);
  if (contentSize !== plainLength) throw decompressFailed('the frame does not have the agreed length');
  if (windowSize > Math.max(maxWindowSize, plainLength)) throw decompressFailed('the window of the frame is too large');
  const end = walkBlocks(data, headerSize, Math.min(windowSize, maxBlockSize)) + (hasChecksum ? 4 : 0);
  if (end !== data.length) throw decompressFailed('the frame does not end where the data ends');
}

function readHeader(
  data: Uint8Array,
  view: DataView,
): { contentSize: number; windowSize: number; headerSize: number; hasChecksum: boolean } {
  const descriptor = data[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0 || (descriptor & 0x03) !== 0) throw decompressFailed('a reserved bit or a dictionary in the frame header');
  const sizeFlag = descriptor >> 6;
  if (sizeFlag === 0 && !singleSegment) throw decompressFailed('the frame does not say its length');
  let at = 5;
  let windowSize = 0;
  if (!singleSegment) {
    const window = data[at]!;
    at += 1;
    const base = 2 ** (10 + (window >> 3));
    windowSize = base + (base / 8) * (window & 7);
  }
  const sizeBytes = 1 << sizeFlag;
  if (at + sizeBytes > data.length) throw decompressFailed('the frame header is cut off');
  let contentSize: number;
  if (sizeBytes === 1) contentSize = view.getUint8(at);
  else if (sizeBytes === 2) contentSize = view.getUint16(at, true) + 256;
  else if (sizeBytes === 4) contentSize = view.getUint32(at, true);
  else contentSize = Number(view.getBigUint64(at, true));
  at += sizeBytes;
  return { contentSize, windowSize: singleSegment ? contentSize : windowSize, headerSize: at, hasChecksum: (descriptor & 0x04) !== 0 };
}

/** Returns where the last block ends. */
function walkBlocks(data: Uint8Array, start: number, blockLimit: number): number {
  for (let at = start; ;) {
    if (at + 3 > data.length) throw decompressFailed('a block of the frame is cut off');
    const header = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === 3 || size > blockLimit) throw decompressFailed('a block of the frame is not valid');
    at += 3 + (type === 1 ? 1 : size);
    if (at > data.length) throw decompressFailed('a block of the frame is cut off');
    if ((header & 1) === 1) return at;
  }
}

export function decompressFailed(why: string): CryptoError {
  return new CryptoError('decompress_failed', `the data does not decompress: ${why}`, { nextStep: 'Fetch it from another holder.' });
}
