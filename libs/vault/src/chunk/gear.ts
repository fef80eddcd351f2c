import type { Primitives } from '#libs/crypto';
import { utf8 } from '#libs/kernel';

const label = utf8('holdfast/gear/1');

/**
 * The vault's own gear table: 256 random words, so that cut points tell nothing about known files. The low byte of
 * word b is (T1[b >> 4] + T2[b & 15]) mod 256, which two 16-entry shuffles of a SIMD unit can compute.
 * Source: keyed BLAKE3 of `label ‖ u32le(k)`; blocks 0-31 give eight little-endian words each, block 32 T1 and T2.
 */
export function gearTable(primitives: Pick<Primitives, 'keyedBlake3'>, gearKey: Uint8Array): Int32Array {
  const block = (k: number): Uint8Array => {
    const input = new Uint8Array(label.length + 4);
    input.set(label);
    new DataView(input.buffer).setUint32(label.length, k, true);
    return primitives.keyedBlake3(gearKey, input);
  };
  const low = block(32);
  const table = new Int32Array(256);
  for (let k = 0; k < 32; k += 1) {
    const bytes = block(k);
    const words = new DataView(bytes.buffer, bytes.byteOffset, 32);
    for (let i = 0; i < 8; i += 1) {
      const b = 8 * k + i;
      table[b] = (words.getInt32(4 * i, true) & 0xffff_ff00) | ((low[b >> 4]! + low[16 + (b & 15)]!) & 0xff);
    }
  }
  return table;
}
