import type { Primitives } from '#libs/crypto';
import { sealOverhead } from '../limits.ts';
import { looksCompressible } from './probe.ts';

/** Compressed only when that saves at least 2 %: less is not worth the time of every later reader. */
const worthwhile = 0.98;

/** The plaintext itself or its Zstandard form (never at level 0); their lengths differ, which is how a reader knows. */
export function toStored(primitives: Pick<Primitives, 'compress'>, plaintext: Uint8Array, level: number): Uint8Array {
  if (level === 0 || plaintext.length < 64 || !looksCompressible(plaintext)) return plaintext;
  const compressed = primitives.compress(plaintext, level);
  return compressed.length <= plaintext.length * worthwhile ? compressed : plaintext;
}

export function isStoredRaw(sealedLength: number, plainLength: number): boolean {
  return sealedLength - sealOverhead === plainLength;
}
