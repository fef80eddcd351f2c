import { type RandomSource, randomInt } from '#libs/kernel';
import type { PackInfo } from '#libs/vault';
import type { ReadData } from './check-types.ts';
import { believedMs, type VerifiedTimes } from './verified-times.ts';

/**
 * Which packs a check reads, in which order: those whose last reading is longest ago first, never read ones before all; among equals at random.
 * For a share or an amount as many as reach it, so at least one. Without times it is a random choice.
 */
export function packsToRead(
  packs: Iterable<PackInfo>,
  readData: ReadData,
  times: VerifiedTimes | undefined,
  random: RandomSource,
  nowMs: number,
): PackInfo[] {
  if (readData === 'none') return [];
  const shuffled = [...packs];
  for (let i = shuffled.length - 1; i > 0; i -= 1) {
    const other = randomInt(random, i + 1);
    [shuffled[i], shuffled[other]] = [shuffled[other]!, shuffled[i]!];
  }
  const inOrder = shuffled
    .map((pack) => ({ pack, lastMs: (times && believedMs(times, pack.packId, nowMs)) ?? Number.NEGATIVE_INFINITY }))
    .sort((a, b) => (a.lastMs === b.lastMs ? 0 : a.lastMs < b.lastMs ? -1 : 1))
    .map(({ pack }) => pack);
  if (readData === 'all') return inOrder;
  const total = inOrder.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const wanted = 'percent' in readData ? (total * readData.percent) / 100 : readData.bytes;
  const chosen: PackInfo[] = [];
  for (let bytes = 0, i = 0; i < inOrder.length && bytes < wanted; i += 1) {
    chosen.push(inOrder[i]!);
    bytes += inOrder[i]!.sizeBytes;
  }
  return chosen;
}
