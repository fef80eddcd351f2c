// AssemblyScript, not TypeScript: `npm run wasm` compiles it into src/chunk/gear-scan-module.ts.
//
// Memory, set up by src/chunk/wasm-gear-scan.ts: the gear table (256 words) at 0, the two halves of its low byte (16 bytes
// each) at 1024 and 1040, the bytes to scan from 4096.

const lowHigh: usize = 1024;
const lowLow: usize = 1040;

function gear(at: usize): u32 {
  return load<u32>((<usize>load<u8>(at)) << 2);
}

function four(at: usize): u32 {
  return (((gear(at) << 1) + gear(at + 1)) << 2) + ((gear(at + 2) << 1) + gear(at + 3));
}

function eight(at: usize): u32 {
  return (four(at) << 4) + four(at + 4);
}

/** The 32 additions in a tree: one after the other, each waits for the one before. */
function hashAt(at: usize): u32 {
  return (((eight(at - 31) << 8) + eight(at - 23)) << 16) + ((eight(at - 15) << 8) + eight(at - 7));
}

function lowBytes(at: usize, high: v128, low: v128): v128 {
  const bytes = v128.load(at);
  const nibble = i8x16.splat(15);
  return i8x16.add(i8x16.swizzle(high, v128.and(i16x8.shr_u(bytes, 4), nibble)), i8x16.swizzle(low, v128.and(bytes, nibble)));
}

/** Each byte of `sums`, twice; there is no shift of single bytes in the processor. */
function doubled(sums: v128): v128 {
  return i8x16.add(sums, sums);
}

/** Sums over two places each: those of `here`, with the last of `before`. */
function pairsOf(before: v128, here: v128): v128 {
  return i8x16.add(here, doubled(v128.shuffle<u8>(before, here, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)));
}

/** Over four places each, of sums over two. */
function foursOf(before: v128, here: v128): v128 {
  return i8x16.add(here, doubled(doubled(v128.shuffle<u8>(before, here, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29))));
}

/** Over eight places each, of sums over four. */
function eightsOf(before: v128, here: v128): v128 {
  const earlier = v128.shuffle<u8>(before, here, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
  return i8x16.add(here, v128.and(i16x8.shl(earlier, 4), i8x16.splat(-16)));
}

/**
 * Address of the first byte in [from, end) whose gear hash has no bit of `mask`, or -1. The 31 bytes before `from` must be
 * there. Every mask holds the low byte, and that byte of a hash depends on the last eight bytes only: so 32 places
 * are refused at once, and one in 256 is looked at in full.
 */
export function scan(from: usize, end: usize, mask: u32): i32 {
  const high = v128.load(lowHigh);
  const low = v128.load(lowLow);
  const zero = i8x16.splat(0);
  let at = from;
  let before = lowBytes(at - 16, high, low);
  // Sums over two and over four bytes of the sixteen places before: their last lanes reach into these sixteen.
  let pairsBefore = pairsOf(zero, before);
  let foursBefore = foursOf(zero, pairsBefore);
  for (; at + 32 <= end; at += 32) {
    const first = lowBytes(at, high, low);
    const second = lowBytes(at + 16, high, low);
    const pairs = pairsOf(before, first);
    const fours = foursOf(pairsBefore, pairs);
    const firstZero = i8x16.eq(eightsOf(foursBefore, fours), zero);
    before = second;
    pairsBefore = pairsOf(first, second);
    foursBefore = foursOf(pairs, pairsBefore);
    const secondZero = i8x16.eq(eightsOf(fours, foursBefore), zero);
    if (v128.any_true(v128.or(firstZero, secondZero))) {
      let hits: u32 = i8x16.bitmask(firstZero) | (i8x16.bitmask(secondZero) << 16);
      while (hits != 0) {
        const place = at + <usize>ctz(hits);
        if ((hashAt(place) & mask) == 0) return <i32>place;
        hits &= hits - 1;
      }
    }
  }
  for (; at < end; at += 1) if ((hashAt(at) & mask) == 0) return <i32>at;
  return -1;
}
