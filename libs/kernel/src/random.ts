/** Source of randomness as a port: the system's generator in production, a seeded one in tests. */
export interface RandomSource {
  /** `length` unpredictable bytes. */
  bytes(length: number): Uint8Array;
}

/** The platform's cryptographic generator (Web Crypto: Node and browsers). */
export const systemRandom: RandomSource = {
  bytes(length) {
    const out = new Uint8Array(length);
    // getRandomValues fills at most 65,536 bytes a call.
    for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(out.subarray(at, Math.min(at + 65_536, length)));
    return out;
  },
};

/** A uniform integer in [0, bound), `bound` up to 2^32, without modulo bias. */
export function randomInt(random: RandomSource, bound: number): number {
  const limit = Math.floor(2 ** 32 / bound) * bound;
  for (;;) {
    const b = random.bytes(4);
    const value = ((b[0]! << 24) | (b[1]! << 16) | (b[2]! << 8) | b[3]!) >>> 0;
    if (value < limit) return value % bound;
  }
}
