import { deviceIsSurplus, type SurplusPack } from './surplus.ts';
import type { DeviceId } from '#libs/kernel';
import type { DurabilitySettings } from './settings.ts';

/** How far a leaver's packs are copied out. */
export interface DrainProgress {
  readonly packs: number;
  /** Packs that would have fewer copies than the target without it. */
  readonly stillNeeded: number;
  /** Packs that would fall below the minimum without it: revoking it now would open a window. */
  readonly belowMinimumWithout: number;
}

/** Counts over the packs that a device holds; add the parts of several calls up. Cost: the packs given. */
export function drainProgress(deviceId: DeviceId, packs: Iterable<SurplusPack>, settings: DurabilitySettings): DrainProgress {
  let total = 0;
  let stillNeeded = 0;
  let belowMinimumWithout = 0;
  for (const pack of packs) {
    total += 1;
    if (!deviceIsSurplus(deviceId, pack, pack.goal.target, settings)) stillNeeded += 1;
    if (!deviceIsSurplus(deviceId, pack, pack.goal.minimum, settings)) belowMinimumWithout += 1;
  }
  return { packs: total, stillNeeded, belowMinimumWithout };
}
