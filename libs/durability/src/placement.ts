import type { RandomSource } from '#libs/kernel';
import { CandidatePool, type Place, type Urgency } from './candidate-pool.ts';
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
import { expectedReplicas, vettedReplicas } from './replicas.ts';
import type { DurabilitySettings } from './settings.ts';
import { explainShortfall } from './shortfall.ts';

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
 * devices that are active (or in vetting) and online, never more bytes to a device than it has available, never more copies than
 * wanted (index packs: every anchor besides). The copies up to the minimum go to vetted devices, as long as there are any with room.
 * Cost: packs × copies × a few draws, plus one pass over the candidates.
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
  urgency: Urgency = 'at-once',
): { assignments: Assignment[]; shortfall?: Shortfall; unmet?: ShortfallCode } {
  const { goal, settings } = input;
  const { owner, replicas } = pack;
  pool.begin(pack);
  // A copy that is about to leave is no copy at another site for long.
  let hasElsewhere = replicas.some((r) => !isGone(r.state) && r.state !== 'draining' && r.site !== owner.site);
  let hasAnchor = replicas.some((r) => r.anchor && acceptsPacks(r.state));
  let vetted = vettedReplicas(replicas, owner, settings);
  let wanted = Math.ceil(wantedReplicas(pack.kind, goal, settings) - expectedReplicas(replicas, owner, settings));
  const assignments: Assignment[] = [];

  const give = (place: Place | undefined, reason: PlacementReason): boolean => {
    if (!place) return false;
    const { candidate } = place;
    pool.take(place, pack.sizeBytes, urgency);
    hasElsewhere ||= candidate.site !== owner.site;
    hasAnchor ||= candidate.anchor;
    if (place.vetted) vetted += 1;
    wanted -= 1;
    assignments.push({ packId: pack.packId, deviceId: candidate.deviceId, reason });
    return true;
  };

  const best: PlacementReason = pack.kind === 'index' ? 'index-copy' : 'best-score';
  let waitsForVetted = false;
  if (pack.kind === 'index')
    for (const anchor of pool.anchors) if (pool.isFree(anchor) && pool.hasRoom(anchor, pack.sizeBytes, urgency)) give(anchor, 'index-copy');
  for (;;) {
    if (wanted <= 0) break;
    const vettedOnly = vetted < goal.minimum;
    if (!hasAnchor && give(pool.pick(pack, urgency, pool.anchors, vettedOnly), pack.kind === 'index' ? best : 'anchor')) continue;
    // One copy away from the owner's building survives a fire there; after that distance no longer decides.
    if (!hasElsewhere && give(pool.pick(pack, urgency, pool.elsewhere(owner.site), vettedOnly), 'other-site')) continue;
    if (give(pool.pick(pack, urgency, vettedOnly ? pool.vetted : pool.ready, vettedOnly), best)) continue;
    if (!vettedOnly) break;
    // In a team too young (or too full) to have vetted devices with room, newcomers stand in: a copy there is better than none.
    waitsForVetted = pool.vettedHasRoom(pack);
    if (waitsForVetted || !give(pool.pick(pack, urgency, pool.ready, false), best)) break;
  }
  if (wanted <= 0) return { assignments };
  // That a newcomer was passed over is the reason only where one could have taken it.
  const passedOver = (place: Place): boolean => !place.vetted && pool.isFree(place) && pool.hasRoom(place, pack.sizeBytes, urgency);
  const why = explainShortfall(pool, pack, assignments, wanted, waitsForVetted && pool.ready.some(passedOver));
  // Index packs ask for more copies than a small team has devices; only falling short of the goal is worth a word.
  const missing = wanted - (wantedReplicas(pack.kind, goal, settings) - goal.target);
  return { assignments, unmet: why.code, ...(missing > 0 ? { shortfall: { ...why, missing } } : {}) };
}
