import type { PackKind } from '#libs/contracts';
import type { DeviceId, PackId, RandomSource } from '#libs/kernel';
import type { BreakerState } from './breaker.ts';
import { CandidatePool, type Urgency } from './candidate-pool.ts';
import { acceptsPacks, isDoubted, isGone } from './device-state.ts';
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

export interface PackToRepair extends PackToPlace {
  readonly goal: ReplicaGoal;
  readonly ownerOnline: boolean;
  /** Its owner has used up its allowance: first copies are refused, repair is not. */
  readonly overAllowance?: boolean;
}

export interface RepairInput {
  /** Packs with something to look at; order does not matter. The goal is the owner's. */
  readonly packs: readonly PackToRepair[];
  /** Or a pool of a plan before this one, that remembers what it gave: for one plan in several parts. */
  readonly candidates: readonly Candidate[] | CandidatePool;
  readonly breaker: BreakerState;
  readonly settings: DurabilitySettings;
  readonly random: RandomSource;
}

export interface RepairAssignment extends Assignment {
  /** Devices that have the pack, best first; never empty. */
  readonly sources: readonly DeviceId[];
  /** `repair`: copies were lost; `placement`: the pack never had them all. */
  readonly cause: RepairCause;
  readonly effective: number;
  readonly urgency: Urgency;
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

export type RepairCause = 'repair' | 'placement';

/** A shortfall, or: nobody online has the pack; the breaker is open; its owner has used up its allowance. */
export type UnmetCode = ShortfallCode | 'no_source' | 'outage' | 'over_allowance';

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
 * Repair keeps to its share of each device's slots, except where one copy or none is left.
 */
export function planRepair(input: RepairInput): RepairPlan {
  const { settings, candidates } = input;
  const pool = candidates instanceof CandidatePool ? candidates : new CandidatePool(candidates, settings, input.random);
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
    const { packId } = pack;
    if (assignments.length >= settings.repair.maxAssignments) {
      more = true;
      break;
    }
    const refusal = refusalOf(pack, cause, input.breaker);
    const sources = refusal ? [] : sourcesOf(pack, pool, settings);
    if (sources.length === 0) {
      if (!refusal) unreachable.push(packId);
      unmet.push({ packId, code: refusal ?? 'no_source' });
      continue;
    }
    const urgency = cause === 'placement' || effective <= 1 ? 'at-once' : 'in-its-share';
    const placed = placeOne(pack, pool, { goal: pack.goal, settings }, urgency);
    for (const assignment of placed.assignments) assignments.push({ ...assignment, sources, cause, effective, urgency });
    if (placed.unmet) unmet.push({ packId, code: placed.unmet });
    if (placed.shortfall) shortfalls.push(placed.shortfall);
  }
  return { frozen: input.breaker.open ? input.breaker.reason : null, assignments, shortfalls, unreachable, unmet, more };
}

/** Why a pack gets no copies whoever is there. */
function refusalOf(pack: PackToRepair, cause: RepairCause, breaker: BreakerState): 'outage' | 'over_allowance' | undefined {
  if (breaker.open && cause === 'repair') return 'outage';
  return pack.overAllowance === true && pack.replicas.every((r) => r.status !== 'held') ? 'over_allowance' : undefined;
}

const causeOf = (pack: PackToPlace): RepairCause =>
  pack.replicas.some((r) => r.status === 'held' && (isGone(r.state) || isDoubted(r.state) || r.state === 'draining'))
    ? 'repair'
    : 'placement';

/** The owner, when it is there, then holders that are awake: those in order first, anchors before others. */
function sourcesOf(pack: PackToRepair, pool: CandidatePool, settings: DurabilitySettings): DeviceId[] {
  const holders = pack.replicas.filter((r) => r.status === 'held' && !isGone(r.state) && pool.isOnline(r.deviceId));
  if (holders.length > 1)
    holders.sort((a, b) => Number(acceptsPacks(b.state)) - Number(acceptsPacks(a.state)) || Number(b.anchor) - Number(a.anchor));
  const devices = holders.map((r) => r.deviceId);
  if (pack.ownerOnline) devices.unshift(pack.owner.deviceId);
  return devices.slice(0, settings.repair.maxSources);
}
