// AssemblyScript, not TypeScript: `npm run wasm` compiles it into src/chunk/gear-scan-module.ts.
//
// Memory, set up by src/chunk/wasm-gear-scan.ts: the gear table (256 words) at 0, the two halves of its low byte (16 bytes
// each) at 1024 and 1040, the bytes to scan from 4096.

const lowHigh: usize = 1024;
const lowLow: usize = 1040;

function hashAt(at: usize): u32 {
  let h: u32 = 0;
  for (let k = at - 31; k <= at; k += 1) h = (h << 1) + load<u32>((<usize>load<u8>(k)) << 2);
  return h;
}

function lowBytes(at: usize, high: v128, low: v128): v128 {
  const bytes = v128.load(at);
  return i8x16.add(i8x16.swizzle(high, i8x16.shr_u(bytes, 4)), i8x16.swizzle(low, v128.and(bytes, i8x16.splat(15))));
}

/**
 * Address of the first byte in [from, end) whose gear hash has no bit of `mask`, or -1. The 31 bytes before `from` must be
 * there. Every mask holds the low byte, and that byte of a hash depends on the last eight bytes only: so sixteen places
 * are refused at once, and one in 256 is looked at in full.
 */
export function scan(from: usize, end: usize, mask: u32): i32 {
  const high = v128.load(lowHigh);
  const low = v128.load(lowLow);
  const zero = i8x16.splat(0);
  let at = from;
  let before = lowBytes(at - 16, high, low);
  // Sums over two and over four bytes of the sixteen places before: their last lanes reach into these sixteen.
  let pairsBefore = i8x16.add(
    before,
    i8x16.shl(v128.shuffle<u8>(zero, before, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30), 1),
  );
  let foursBefore = i8x16.add(
    pairsBefore,
    i8x16.shl(v128.shuffle<u8>(zero, pairsBefore, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29), 2),
  );
  for (; at + 16 <= end; at += 16) {
    const here = lowBytes(at, high, low);
    const pairs = i8x16.add(
      here,
      i8x16.shl(v128.shuffle<u8>(before, here, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30), 1),
    );
    const fours = i8x16.add(
      pairs,
      i8x16.shl(v128.shuffle<u8>(pairsBefore, pairs, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29), 2),
    );
    const eights = i8x16.add(
      fours,
      i8x16.shl(v128.shuffle<u8>(foursBefore, fours, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27), 4),
    );
    before = here;
    pairsBefore = pairs;
    foursBefore = fours;
    let hits = i8x16.bitmask(i8x16.eq(eights, zero));
    while (hits != 0) {
      const place = at + <usize>ctz(hits);
      if ((hashAt(place) & mask) == 0) return <i32>place;
      hits &= hits - 1;
    }
  }
  for (; at < end; at += 1) if ((hashAt(at) & mask) == 0) return <i32>at;
  return -1;
}
