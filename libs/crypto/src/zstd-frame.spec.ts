import { describe, expect, it } from '@jest/globals';
import { fromHex } from '#libs/kernel';
import { checkZstdFrame, maxPlainLength } from './zstd-frame.ts';

const magic = '28b52ffd';
/** A last raw block of `size` bytes. */
const rawBlock = (size: number): string => {
  const header = (size << 3) | 1;
  return [header & 255, (header >> 8) & 255, header >> 16].map((b) => b.toString(16).padStart(2, '0')).join('') + '61'.repeat(size);
};

describe('checkZstdFrame', () => {
  it.each<[string, string, number]>([
    ['single segment, 1-byte size', `${magic}2005${rawBlock(5)}`, 5],
    ['single segment, 2-byte size (256 more than written)', `${magic}600000${rawBlock(256)}`, 256],
    ['single segment, 4-byte size', `${magic}a005000000${rawBlock(5)}`, 5],
    ['single segment, 8-byte size', `${magic}e00500000000000000${rawBlock(5)}`, 5],
    ['window of 1 KiB, 4-byte size, checksum', `${magic}840005000000${rawBlock(5)}01020304`, 5],
    ['window of 8 MiB, the largest of level 19', `${magic}806805000000${rawBlock(5)}`, 5],
    ['no content', `${magic}2000${rawBlock(0)}`, 0],
    ['a run', `${magic}20052b000061`, 5],
    ['two blocks', `${magic}20051000006161${rawBlock(3)}`, 5],
  ])('takes %s', (_, frame, plainLength) => {
    expect(() => checkZstdFrame(fromHex(frame), plainLength)).not.toThrow();
  });

  it.each<[string, string, number, RegExp]>([
    ['another magic number', `28b52ffe2005${rawBlock(5)}`, 5, /not a Zstandard frame/],
    ['a frame of another length', `${magic}2005${rawBlock(5)}`, 6, /agreed length/],
    ['a size near 2^64', `${magic}e0ffffffffffffffff${rawBlock(5)}`, 5, /agreed length/],
    ['no size', `${magic}0000${rawBlock(5)}`, 5, /does not say its length/],
    ['a dictionary', `${magic}210105${rawBlock(5)}`, 5, /dictionary/],
    ['a reserved bit', `${magic}2805${rawBlock(5)}`, 5, /reserved/],
    ['a window just over 8 MiB', `${magic}806905000000${rawBlock(5)}`, 5, /window/],
    ['the largest window there is', `${magic}80ff05000000${rawBlock(5)}`, 5, /window/],
    ['a block longer than the window', `${magic}2005${rawBlock(6)}`, 5, /not valid/],
    ['a run longer than any block', `${magic}e0000000080000000003002061`, 0x8000000, /not valid/],
    ['a reserved block type', `${magic}20052f000061`, 5, /not valid/],
    ['a cut-off size', `${magic}e005000000`, 5, /header is cut off/],
    ['a cut-off block', `${magic}2005${rawBlock(5).slice(0, -2)}`, 5, /cut off/],
    ['no last block', `${magic}2005280000${'61'.repeat(5)}`, 5, /cut off/],
    ['a missing checksum', `${magic}2405${rawBlock(5)}`, 5, /does not end where/],
    ['something after its end', `${magic}2005${rawBlock(5)}00`, 5, /does not end where/],
    ['nothing', '', 0, /not a Zstandard frame/],
    ['more than we ever write', `${magic}2005${rawBlock(5)}`, maxPlainLength + 1, /out of bounds/],
  ])('refuses %s', (_, frame, plainLength, reason) => {
    expect(() => checkZstdFrame(fromHex(frame), plainLength)).toThrow(expect.objectContaining({ code: 'decompress_failed' }));
    expect(() => checkZstdFrame(fromHex(frame), plainLength)).toThrow(reason);
  });
});
