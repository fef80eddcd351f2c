import type { Protection } from '#libs/contracts';
import type { PackBitmap } from './pack-bitmap.ts';
import type { ReplicaGoal } from './candidate.ts';

/** What is kept with a snapshot, so that its protection follows from what changed instead of from everything. */
export interface ProtectionCounts {
  readonly packs: number;
  readonly belowMinimum: number;
  readonly belowTarget: number;
}

/** Effective replicas of one pack before and after. */
export interface ReplicaChange {
  readonly ordinal: number;
  readonly before: number;
  readonly after: number;
}

/** Counts from scratch; `effectiveOf` gives 0 for an ordinal that nobody announced. Cost: the packs of the snapshot. */
export function snapshotProtection(needed: PackBitmap, effectiveOf: (ordinal: number) => number, goal: ReplicaGoal): ProtectionCounts {
  let packs = 0;
  let belowMinimum = 0;
  let belowTarget = 0;
  for (const ordinal of needed.ordinals()) {
    const effective = effectiveOf(ordinal);
    packs += 1;
    if (effective < goal.minimum) belowMinimum += 1;
    if (effective < goal.target) belowTarget += 1;
  }
  return { packs, belowMinimum, belowTarget };
}

/** Counts after changes; equals {@link snapshotProtection} done again. Cost: the changes. Each ordinal at most once. */
export function applyReplicaChanges(
  counts: ProtectionCounts,
  needed: PackBitmap,
  changes: readonly ReplicaChange[],
  goal: ReplicaGoal,
): ProtectionCounts {
  let { belowMinimum, belowTarget } = counts;
  for (const { ordinal, before, after } of changes) {
    if (!needed.has(ordinal)) continue;
    belowMinimum += Number(after < goal.minimum) - Number(before < goal.minimum);
    belowTarget += Number(after < goal.target) - Number(before < goal.target);
  }
  return { packs: counts.packs, belowMinimum, belowTarget };
}

/** captured, protected (every pack at the minimum) or full (every pack at the target). */
export function protectionOf(counts: ProtectionCounts): Protection {
  if (counts.belowMinimum > 0) return 'captured';
  return counts.belowTarget > 0 ? 'protected' : 'full';
}
