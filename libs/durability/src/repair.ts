import type { PackKind } from '#libs/contracts';
import type { DeviceId, PackId, RandomSource } from '#libs/kernel';
import type { BreakerState } from './breaker.ts';
import { CandidatePool } from './candidate-pool.ts';
import { acceptsPacks, isGone } from './device-state.ts';
import {
  wantedReplicas,
  type Assignment,
  type Candidate,
  type PackToPlace,
  type ReplicaGoal,
  type Shortfall,
  type ShortfallCode,
} from './candidate.ts';
import { placeOne } from './placement.ts';
import { effectiveReplicas, expectedReplicas, presentReplicas } from './replicas.ts';
import type { DurabilitySettings } from './settings.ts';

export interface RepairInput {
  /** Packs with something to look at; order does not matter. The goal is the owner's. */
  readonly packs: readonly (PackToPlace & { readonly goal: ReplicaGoal; readonly ownerOnline: boolean })[];
  readonly candidates: readonly Candidate[];
  readonly breaker: BreakerState;
  readonly settings: DurabilitySettings;
  readonly random: RandomSource;
}

export interface RepairAssignment extends Assignment {
  /** Devices that have the pack, best first; never empty. */
  readonly sources: readonly DeviceId[];
  /** `repair`: copies were lost; `placement`: the pack never had them all. */
  readonly cause: 'repair' | 'placement';
  readonly effective: number;
}

export interface RepairPlan {
  /** Why repair stands still, or null. New packs are placed even then. */
  readonly frozen: string | null;
  readonly assignments: readonly RepairAssignment[];
  readonly shortfalls: readonly Shortfall[];
  /** Packs that nobody online can give: neither the owner nor a holder. */
  readonly unreachable: readonly PackId[];
  /** Every pack that still wants copies after this plan, and why: so that the next plan need not look at it before that changed. */
  readonly unmet: readonly { readonly packId: PackId; readonly code: UnmetCode }[];
  /** More was to do than fits into one plan: plan again soon. */
  readonly more: boolean;
}

/** A shortfall, or: nobody online has the pack; the breaker is open. */
export type UnmetCode = ShortfallCode | 'no_source' | 'outage';

/** Whether a pack needs copies now: below the minimum, or copies went for good, or it never had them. Naps above the minimum are left alone. */
export function needsCopies(pack: PackToPlace, goal: ReplicaGoal, settings: DurabilitySettings): boolean {
  const present = presentReplicas(pack.replicas, pack.owner);
  if (present < wantedReplicas(pack.kind, goal, settings) && (pack.kind === 'index' || present < goal.target)) return true;
  return expectedReplicas(pack.replicas, pack.owner, settings) < goal.minimum;
}

const kindOrder: Record<PackKind, number> = { index: 0, meta: 1, data: 2 };

/**
 * What to copy, from whom to whom: fewest effective replicas first, index before data among equals. Acts below the
 * minimum (or when copies went for good), restores to the target and never beyond it. Frozen while the breaker is open.
 */
export function planRepair(input: RepairInput): RepairPlan {
  const { settings } = input;
  const pool = new CandidatePool(input.candidates, settings, input.random);
  const rows = input.packs
    .filter((pack) => needsCopies(pack, pack.goal, settings))
    .map((pack) => ({ pack, effective: effectiveReplicas(pack.replicas, pack.owner, settings), cause: causeOf(pack) }))
    .sort((a, b) => a.effective - b.effective || kindOrder[a.pack.kind] - kindOrder[b.pack.kind]);
  const assignments: RepairAssignment[] = [];
  const shortfalls: Shortfall[] = [];
  const unreachable: PackId[] = [];
  const unmet: { packId: PackId; code: UnmetCode }[] = [];
  let more = false;
  for (const { pack, effective, cause } of rows) {
    if (input.breaker.open && cause === 'repair') {
      unmet.push({ packId: pack.packId, code: 'outage' });
      continue;
    }
    if (assignments.length >= settings.repair.maxAssignments) {
      more = true;
      break;
    }
    const sources = sourcesOf(pack, input.candidates, settings);
    if (sources.length === 0) {
      unreachable.push(pack.packId);
      unmet.push({ packId: pack.packId, code: 'no_source' });
      continue;
    }
    const placed = placeOne(pack, pool, { goal: pack.goal, settings });
    for (const assignment of placed.assignments) assignments.push({ ...assignment, sources, cause, effective });
    if (placed.unmet) unmet.push({ packId: pack.packId, code: placed.unmet });
    if (placed.shortfall) shortfalls.push(placed.shortfall);
  }
  return { frozen: input.breaker.open ? input.breaker.reason : null, assignments, shortfalls, unreachable, unmet, more };
}

const causeOf = (pack: PackToPlace): 'repair' | 'placement' =>
  pack.replicas.some((r) => r.status === 'held' && (isGone(r.state) || r.state === 'suspect' || r.state === 'draining'))
    ? 'repair'
    : 'placement';

function sourcesOf(pack: RepairInput['packs'][number], candidates: readonly Candidate[], settings: DurabilitySettings): DeviceId[] {
  const online = new Set(candidates.filter((c) => c.online).map((c) => c.deviceId));
  const holders = pack.replicas
    .filter((r) => r.status === 'held' && online.has(r.deviceId) && !isGone(r.state))
    .sort((a, b) => Number(acceptsPacks(b.state)) - Number(acceptsPacks(a.state)) || Number(b.anchor) - Number(a.anchor))
    .map((r) => r.deviceId);
  return (pack.ownerOnline ? [pack.owner.deviceId, ...holders] : holders).slice(0, settings.repair.maxSources);
}
