import type { RandomSource } from '#libs/kernel';
import { CandidatePool } from './candidate-pool.ts';
import {
  wantedReplicas,
  type Assignment,
  type Candidate,
  type PackToPlace,
  type PlacementReason,
  type ReplicaGoal,
  type Shortfall,
  type ShortfallCode,
} from './candidate.ts';
import { acceptsPacks, isGone } from './device-state.ts';
import { expectedReplicas } from './replicas.ts';
import type { DurabilitySettings } from './settings.ts';

export interface PlacementInput {
  readonly packs: readonly PackToPlace[];
  readonly candidates: readonly Candidate[];
  readonly goal: ReplicaGoal;
  readonly settings: DurabilitySettings;
  readonly random: RandomSource;
}
export interface PlacementPlan {
  readonly assignments: readonly Assignment[];
  readonly shortfalls: readonly Shortfall[];
}

/**
 * Decides who should fetch which pack. Guarantees: never the owner's machine, never a machine twice for one pack, only
 * devices that are active and online, never more bytes to a device than it has available, never more copies than wanted
 * (index packs: every anchor besides). Cost: packs × copies × a few draws, plus one pass over the candidates.
 */
export function planPlacement(input: PlacementInput): PlacementPlan {
  const pool = new CandidatePool(input.candidates, input.settings, input.random);
  const assignments: Assignment[] = [];
  const shortfalls: Shortfall[] = [];
  for (const pack of input.packs) {
    const chosen = placeOne(pack, pool, input);
    assignments.push(...chosen.assignments);
    if (chosen.shortfall) shortfalls.push(chosen.shortfall);
  }
  return { assignments, shortfalls };
}

/** Places one pack against a pool that remembers what earlier packs of the same plan took. */
export function placeOne(
  pack: PackToPlace,
  pool: CandidatePool,
  input: Pick<PlacementInput, 'goal' | 'settings'>,
): { assignments: Assignment[]; shortfall?: Shortfall; unmet?: ShortfallCode } {
  const { goal, settings } = input;
  // Machines and devices in one set: a device may have changed its machine since.
  const taken = new Set<string>([pack.owner, ...pack.replicas].flatMap((r) => [r.machineId, r.deviceId]));
  const free = (c: Candidate): boolean => !taken.has(c.machineId) && !taken.has(c.deviceId);
  const sites = new Set([pack.owner.site, ...pack.replicas.filter((r) => !isGone(r.state)).map((r) => r.site)]);
  let hasAnchor = pack.replicas.some((r) => r.anchor && acceptsPacks(r.state));
  let wanted = Math.ceil(wantedReplicas(pack.kind, goal, settings) - expectedReplicas(pack.replicas, pack.owner, settings));
  const assignments: Assignment[] = [];

  const give = (candidate: Candidate | undefined, reason: PlacementReason): boolean => {
    if (!candidate) return false;
    pool.take(candidate, pack.sizeBytes);
    taken.add(candidate.machineId).add(candidate.deviceId);
    sites.add(candidate.site);
    hasAnchor ||= candidate.anchor;
    wanted -= 1;
    assignments.push({ packId: pack.packId, deviceId: candidate.deviceId, reason });
    return true;
  };

  if (pack.kind === 'index') {
    for (const anchor of pool.anchors()) if (free(anchor) && pool.fits(anchor, pack.sizeBytes)) give(anchor, 'index-copy');
  } else if (wanted > 0 && !hasAnchor) {
    give(
      pool.pick(pack, (c) => c.anchor && free(c), pool.anchors()),
      'anchor',
    );
  }
  for (;;) {
    if (wanted <= 0) break;
    // One copy away from the owner's building survives a fire there; after that distance no longer decides.
    const elsewhere = sites.size === 1 ? pool.pick(pack, (c) => free(c) && !sites.has(c.site)) : undefined;
    if (give(elsewhere, 'other-site')) continue;
    const next = pool.pick(pack, free);
    if (!give(next, pack.kind === 'index' ? 'index-copy' : 'best-score')) break;
  }
  if (wanted <= 0) return { assignments };
  const why = pool.explain(pack, free, wanted);
  // Index packs ask for more copies than a small team has devices; only falling short of the goal is worth a word.
  const missing = wanted - (wantedReplicas(pack.kind, goal, settings) - goal.target);
  return { assignments, unmet: why.code, ...(missing > 0 ? { shortfall: { ...why, missing } } : {}) };
}
