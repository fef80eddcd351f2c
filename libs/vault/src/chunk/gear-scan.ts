/** Bytes that a gear hash depends on: each older byte is shifted out of the 32 bits. */
export const gearWindow = 32;

/** Looks for the places where a chunk may end. Two ways, the same places. */
export interface GearScan {
  /** Memory of its own; bytes in it are scanned where they are. */
  readonly buffer: Uint8Array;
  /** Index of the first byte in [from, end) at which (hash & mask) is zero, or -1. The 32 bytes before `from` count and must be there. */
  scan(source: Uint8Array, from: number, end: number, mask: number): number;
}

/** In plain JavaScript: the reference, and what a system without SIMD in WebAssembly gets. */
export function plainGearScan(gear: Int32Array, bufferBytes: number): GearScan {
  return {
    buffer: new Uint8Array(bufferBytes),
    scan: (source, from, end, mask) => scanGear(gear, source, from, end, gearHashAt(gear, source, from - 1), mask),
  };
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The gear hash of the window that ends with byte `last`: sum of gear[byte] << age, mod 2^32. */
function gearHashAt(gear: Int32Array, buffer: Uint8Array, last: number): number {
  let h = 0;
  for (let k = last - gearWindow + 1; k <= last; k += 1) h = ((h << 1) + gear[buffer[k]!]!) | 0;
  return h;
}

/**
 * Index of the first byte in [from, end) at which (hash & mask) is zero, or -1. `h` is the hash at `from - 1`.
 *
 * The inner loop takes eight bytes a turn from 32-bit words, keeps the chain of dependent additions to one in two
 * bytes, and has one branch: it asks only whether any of eight low bytes is zero, which all masks demand.
 */
function scanGear(gear: Int32Array, buffer: Uint8Array, from: number, end: number, h: number, mask: number): number {
  let i = from;
  const base = buffer.byteOffset;
  const aligned = littleEndian ? Math.min(end, i + ((4 - ((base + i) & 3)) & 3)) : end;
  for (; i < aligned; i += 1) {
    h = ((h << 1) + gear[buffer[i]!]!) | 0;
    if ((h & mask) === 0) return i;
  }
  if (i === end) return -1;
  const words = new Int32Array(buffer.buffer, 0, buffer.buffer.byteLength >>> 2);
  const first = (base + i) >>> 2;
  const last = ((base + end) >>> 2) - 1;
  let w = first;
  for (; w < last; w += 2) {
    const x = words[w]!;
    const y = words[w + 1]!;
    const g0 = gear[x & 255]!;
    const g1 = gear[(x >>> 8) & 255]!;
    const g2 = gear[(x >>> 16) & 255]!;
    const g3 = gear[x >>> 24]!;
    const h0 = ((h << 1) + g0) | 0;
    const h1 = ((h << 2) + ((g0 << 1) + g1)) | 0;
    const h2 = ((h1 << 1) + g2) | 0;
    const h3 = ((h1 << 2) + ((g2 << 1) + g3)) | 0;
    const g4 = gear[y & 255]!;
    const g5 = gear[(y >>> 8) & 255]!;
    const g6 = gear[(y >>> 16) & 255]!;
    const g7 = gear[y >>> 24]!;
    const h4 = ((h3 << 1) + g4) | 0;
    const h5 = ((h3 << 2) + ((g4 << 1) + g5)) | 0;
    const h6 = ((h5 << 1) + g6) | 0;
    h = ((h5 << 2) + ((g6 << 1) + g7)) | 0;
    if (
      (((h0 & 255) - 1) |
        ((h1 & 255) - 1) |
        ((h2 & 255) - 1) |
        ((h3 & 255) - 1) |
        ((h4 & 255) - 1) |
        ((h5 & 255) - 1) |
        ((h6 & 255) - 1) |
        ((h & 255) - 1)) <
      0
    ) {
      const at = i + ((w - first) << 2);
      if ((h0 & mask) === 0) return at;
      if ((h1 & mask) === 0) return at + 1;
      if ((h2 & mask) === 0) return at + 2;
      if ((h3 & mask) === 0) return at + 3;
      if ((h4 & mask) === 0) return at + 4;
      if ((h5 & mask) === 0) return at + 5;
      if ((h6 & mask) === 0) return at + 6;
      if ((h & mask) === 0) return at + 7;
    }
  }
  i += (w - first) << 2;
  for (; i < end; i += 1) {
    h = ((h << 1) + gear[buffer[i]!]!) | 0;
    if ((h & mask) === 0) return i;
  }
  return -1;
}
