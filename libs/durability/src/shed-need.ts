import type { DurabilitySettings } from './settings.ts';

/** How far a device is in giving packs back. All null: it has nothing to give back. */
export interface ShedState {
  /** Since when its disk has been short without a break. */
  readonly shortSinceMs: number | null;
  /** Since when its packs are being moved; null: not yet, since the shortage may pass by itself. */
  readonly begunAtMs: number | null;
  /** Packs are being moved, but since then the disk is short no more. */
  readonly calmSinceMs: number | null;
}

export const noShed: ShedState = { shortSinceMs: null, begunAtMs: null, calmSinceMs: null };

/**
 * What follows from a heartbeat that says how many bytes the device has to give back. Moving begins when it was short for a while, and ends
 * when it was not for a day: a download that comes and goes moves nothing, and a disk at its edge does not begin anew every hour.
 */
export function shedAfterHeartbeat(before: ShedState, toGiveBackBytes: number, nowMs: number, { shed }: DurabilitySettings): ShedState {
  if (toGiveBackBytes > 0) {
    const shortSinceMs = before.shortSinceMs ?? nowMs;
    const begins = nowMs - shortSinceMs >= shed.afterMs;
    return { shortSinceMs, begunAtMs: before.begunAtMs ?? (begins ? nowMs : null), calmSinceMs: null };
  }
  if (before.begunAtMs === null) return noShed;
  const calmSinceMs = before.calmSinceMs ?? nowMs;
  return nowMs - calmSinceMs >= shed.calmMs ? noShed : { ...before, shortSinceMs: null, calmSinceMs };
}

/** Bytes for which a way off the device is still to be found: a little more than it lacks, less what leaves it already. */
export function bytesToFind(toGiveBackBytes: number, leavingBytes: number, { shed }: DurabilitySettings): number {
  return Math.max(0, Math.ceil(toGiveBackBytes * (1 + shed.margin)) - leavingBytes);
}
