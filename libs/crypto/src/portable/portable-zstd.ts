import { Decompress } from 'fzstd';
import { checkZstdFrame, decompressFailed } from '../zstd-frame.ts';

/**
 * See {@link Primitives.decompress}. fzstd's one-shot function neither notices an output that is too short nor one that
 * is too long, so its streaming one is used: it hands over block by block (128 KiB at most), and the count is ours.
 */
export function portableDecompress(data: Uint8Array, plainLength: number): Uint8Array {
  checkZstdFrame(data, plainLength);
  const out = new Uint8Array(plainLength);
  let filled = 0;
  const stream = new Decompress((block) => {
    if (filled + block.length > plainLength) throw decompressFailed('the frame is longer than it says');
    out.set(block, filled);
    filled += block.length;
  });
  try {
    stream.push(data, true);
  } catch {
    throw decompressFailed('the frame is damaged or longer than it says');
  }
  if (filled !== plainLength) throw decompressFailed('the frame is shorter than it says');
  return out;
}
