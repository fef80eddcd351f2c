const windows = 4;
const windowBytes = 1024;
const sampled = windows * windowBytes;
/** Up to here zstd itself says as quickly that nothing is to be had: some 5 to 20 µs, as long as the look. */
const alwaysTriedBytes = 32 * 1024;

/**
 * Whether compression is worth trying: a look at 4 KiB spread over the chunk (some microseconds). False only for bytes
 * that look uniformly random: neither a skewed histogram nor repeated 4-byte strings. Small chunks are always tried.
 */
export function looksCompressible(bytes: Uint8Array): boolean {
  if (bytes.length <= alwaysTriedBytes) return true;
  histogram.fill(0);
  seen.fill(0);
  let repeats = 0;
  const stride = Math.floor((bytes.length - windowBytes) / (windows - 1));
  for (let w = 0; w < windows; w += 1) {
    const from = w * stride;
    let rolling = 0;
    for (let i = 0; i < windowBytes; i += 1) {
      const byte = bytes[from + i]!;
      histogram[byte]! += 1;
      rolling = (rolling << 8) | byte;
      const slot = Math.imul(rolling, 0x9e37_79b1) >>> 20;
      if (seen[slot] === rolling) repeats += 1;
      seen[slot] = rolling;
    }
  }
  if (repeats > 16) return true;
  // Chi-squared against the uniform distribution: 255 ± 23 for random bytes; 6.9-bit data are beyond 1,000.
  const expected = sampled / 256;
  let chi = 0;
  for (let i = 0; i < 256; i += 1) chi += (histogram[i]! - expected) ** 2 / expected;
  return chi > 400;
}

// One look at a time: the function never yields, so its scratch space can be shared.
const histogram = new Int32Array(256);
const seen = new Int32Array(4096);
