import type { DeviceId, PackId } from '#libs/kernel';
import type { Candidate } from './candidate.ts';
import type { DurabilitySettings } from './settings.ts';
import { type ShedObstacle, type ShedPack, ShedRoom, shedWay } from './shed-way.ts';

export interface ShedInput {
  readonly holder: DeviceId;
  /** What the device holds and counts for; `marked`: chosen before, and not let go yet. */
  readonly packs: readonly (ShedPack & { readonly marked: boolean })[];
  readonly candidates: readonly Candidate[];
  /** Bytes for which a way is still to be found. */
  readonly bytes: number;
  /** Bytes of copies that may be ordered before the day is over. */
  readonly copyBytesLeft: number;
  readonly settings: DurabilitySettings;
}

export interface ShedPlan {
  /** Copies to move off the device from now on, with how many copies elsewhere each costs. */
  readonly chosen: readonly { readonly packId: PackId; readonly sizeBytes: number; readonly copies: number }[];
  /** Chosen before, and without a way now: ordinary copies again, so that they keep nobody from going. */
  readonly unmark: readonly PackId[];
  /** Of those that are chosen now or were before: enough others have them, so their owners can be asked. */
  readonly ready: readonly PackId[];
  /** Bytes of copies that the choice costs elsewhere. */
  readonly copyBytes: number;
  /** Bytes for which nothing was found or begun in this plan. */
  readonly missingBytes: number;
  /** Why not, when nothing more can be done at all; null: enough was found, or it goes on when what is under way is done. */
  readonly obstacle: ShedObstacle | null;
}

/**
 * Which packs are to leave a device that is short of room. First those that enough others have, which cost nothing; then those that need the
 * fewest copies, the largest first, so that few moves help most. At most `openPacks` wait for copies at once, and copies keep to their share
 * of a day. Copies that exist elsewhere are never counted on twice: giving one up is decided anew, by the rules of trims, when it is asked for.
 */
export function planShed(input: ShedInput): ShedPlan {
  const { holder, settings } = input;
  const room = new ShedRoom(holder, input.candidates);
  const free: ShedPack[] = [];
  /** By the copies that each costs. */
  const costly = new Map<number, ShedPack[]>();
  const unmark: PackId[] = [];
  const ready: PackId[] = [];
  const obstacles = new Map<ShedObstacle, number>();
  const noteObstacle = (why: ShedObstacle, { sizeBytes }: ShedPack): void => void obstacles.set(why, (obstacles.get(why) ?? 0) + sizeBytes);
  let open = 0;
  for (const pack of input.packs.filter((one) => one.marked)) {
    const { way, take } = shedWay(holder, pack, room, settings);
    take?.();
    if (way.kind === 'stays') unmark.push(pack.packId);
    else if (way.kind === 'at-once') ready.push(pack.packId);
    else open += 1;
  }
  for (const pack of input.packs) {
    if (pack.marked) continue;
    const { way } = shedWay(holder, pack, room, settings);
    if (way.kind === 'at-once') free.push(pack);
    else if (way.kind === 'copy-first') {
      const same = costly.get(way.copies);
      if (same) same.push(pack);
      else costly.set(way.copies, [pack]);
    } else noteObstacle(way.why, pack);
  }
  const chosen: { packId: PackId; sizeBytes: number; copies: number }[] = [];
  let left = input.bytes;
  const largest = new LargestFirst(free);
  for (let pack = largest.next(left); pack && left > 0; pack = largest.next(left)) {
    chosen.push({ packId: pack.packId, sizeBytes: pack.sizeBytes, copies: 0 });
    ready.push(pack.packId);
    left -= pack.sizeBytes;
  }
  let copyBytes = 0;
  let waits = open > 0;
  for (const copies of [...costly.keys()].sort((a, b) => a - b)) {
    const group = new LargestFirst(costly.get(copies)!);
    for (let pack = left > 0 ? group.next(left) : undefined; pack; pack = left > 0 ? group.next(left) : undefined) {
      const cost = pack.sizeBytes * copies;
      // One pack goes on any day, or a day's share smaller than a pack would stop everything.
      const fitsDay = copyBytes + cost <= input.copyBytesLeft || (copyBytes === 0 && input.copyBytesLeft >= settings.shed.copyBytesPerDay);
      if (open >= settings.shed.openPacks || !fitsDay) {
        waits = true;
        break;
      }
      // The room may have gone to those before it.
      const { way, take } = shedWay(holder, pack, room, settings);
      if (way.kind === 'stays') noteObstacle(way.why, pack);
      if (way.kind !== 'copy-first') continue;
      take?.();
      open += 1;
      copyBytes += cost;
      left -= pack.sizeBytes;
      chosen.push({ packId: pack.packId, sizeBytes: pack.sizeBytes, copies });
    }
  }
  const missingBytes = Math.max(0, left);
  const worst = [...obstacles].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
  return { chosen, unmark, ready, copyBytes, missingBytes, obstacle: missingBytes > 0 && chosen.length === 0 && !waits ? worst : null };
}

/** Gives packs away, the largest first; once one is enough, the smallest that is. */
class LargestFirst {
  readonly #sorted: ShedPack[];
  /** Those before it are given away. */
  #at = 0;

  constructor(packs: readonly ShedPack[]) {
    this.#sorted = [...packs].sort((a, b) => b.sizeBytes - a.sizeBytes);
  }

  next(bytes: number): ShedPack | undefined {
    let [from, to] = [this.#at, this.#sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#sorted[middle]!.sizeBytes >= bytes) from = middle + 1;
      else to = middle;
    }
    // None is enough, or the largest just is: the common case takes nothing out of the middle.
    if (from <= this.#at + 1) return this.#sorted[this.#at++];
    return this.#sorted.splice(from - 1, 1)[0];
  }
}
