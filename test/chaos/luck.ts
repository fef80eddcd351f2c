import { seededRandom } from '#libs/kernel/testing';

/** Seeded choices, so that a schedule that failed can be played again by its number. */
export interface Luck {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
}

export function luckOf(seed: number): Luck {
  const random = seededRandom(seed);
  const below = (limit: number): number => Buffer.from(random.bytes(4)).readUInt32LE() % limit;
  return { below, pick: (from) => from[below(from.length)]! };
}
