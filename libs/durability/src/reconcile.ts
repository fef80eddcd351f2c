import { randomInt, type PackId, type RandomSource } from '#libs/kernel';
import type { DurabilitySettings } from './settings.ts';

/**
 * Which packs of a device that came back are audited before it is believed again: 1 %, at least one, at random, so that nobody can
 * keep just those. Cost: one pass over the packs; memory: the sample.
 */
export function returnSample(packs: Iterable<PackId>, count: number, settings: DurabilitySettings, random: RandomSource): PackId[] {
  const { auditShare, auditAtLeast } = settings.reconcile;
  const size = Math.min(count, Math.max(auditAtLeast, Math.ceil(count * auditShare)));
  const sample: PackId[] = [];
  let seen = 0;
  // Reservoir sampling (Vitter, algorithm R): every pack is as likely as any other, whatever the order.
  for (const pack of packs) {
    seen += 1;
    if (sample.length < size) sample.push(pack);
    else {
      const at = randomInt(random, seen);
      if (at < size) sample[at] = pack;
    }
  }
  return sample;
}

export interface RebuildFacts {
  /** Since when the coordinator knows that its database is older than the team, or empty; null: it is not rebuilding. */
  readonly sinceMs: number | null;
  /** Devices that belong to the team now, and those of them that showed their whole inventory since. */
  readonly known: number;
  readonly reported: number;
  /** An admin said "go". */
  readonly released: boolean;
}

export type RebuildVerdict = { readonly frozen: false } | { readonly frozen: true; readonly reason: string; readonly nextStep: string };

/**
 * After the coordinator was restored nothing is repaired and nothing deleted until 95 % of the known devices have reported: what its
 * database lacks is not lost, only unknown. An admin may say go.
 */
export function evaluateRebuild({ sinceMs, known, reported, released }: RebuildFacts, settings: DurabilitySettings): RebuildVerdict {
  if (sinceMs === null || released || reported >= known * settings.reconcile.reportedShare) return { frozen: false };
  const needed = Math.ceil(known * settings.reconcile.reportedShare);
  return {
    frozen: true,
    reason: `The coordinator was restored: ${reported} of ${known} devices have reported what they hold, ${needed} are needed before repair goes on.`,
    nextStep: 'Switch the others on, or say that repair may go on without them.',
  };
}

/**
 * Whether those that have reported can stand for everybody: each hands back its roster first, and a device that was revoked since can't be the only
 * one to say that it is a member. With two there is another one for whoever is given a pack.
 */
export const isVouchedFor = (reported: number): boolean => reported >= 2;

/** How far a coordinator was: `mark` grows as long as the memory is its present one. */
export interface MemoryMark {
  readonly memoryId: string;
  readonly mark: number;
}

/**
 * Whether what a device was once told shows that the coordinator's database is older than that, or was emptied: a memory that it knows
 * nothing of, or its present one further on than it is itself. What is said of a memory that ended says nothing new.
 */
export function showsLoss(told: MemoryMark, present: MemoryMark, past: ReadonlySet<string>): boolean {
  return told.memoryId === present.memoryId ? told.mark > present.mark : !past.has(told.memoryId);
}
