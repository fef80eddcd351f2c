import type { DeviceState, PackKind } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import type { PackOwner, Replica } from './replicas.ts';
import type { DurabilitySettings } from './settings.ts';

/** A device that could hold packs. `availableBytes` is what its reserve and its pledge leave, less what is already on its way to it. */
export interface Candidate {
  readonly deviceId: DeviceId;
  readonly machineId: string;
  readonly site: string;
  readonly anchor: boolean;
  readonly state: DeviceState;
  readonly online: boolean;
  readonly availableBytes: number;
  /** Share of the week that it is there, 0 to 1. */
  readonly presence: number;
  /** Share of its audits that it passed, 0 to 1. */
  readonly auditScore: number;
  /** Packs that may be sent to it now besides those already on their way, so that nobody is flooded; no limit unless given. */
  readonly openSlots?: number;
  /** Of those, how many may be repairs that are not urgent. */
  readonly repairSlots?: number;
  /** It has shown that it comes back and keeps what it gets; taken for granted unless it says false. */
  readonly vetted?: boolean;
}

export interface PackToPlace {
  readonly packId: PackId;
  readonly kind: PackKind;
  readonly sizeBytes: number;
  readonly owner: PackOwner;
  readonly replicas: readonly Replica[];
}

export interface ReplicaGoal {
  readonly target: number;
  readonly minimum: number;
}

export type PlacementReason = 'anchor' | 'other-site' | 'best-score' | 'index-copy';
export interface Assignment {
  readonly packId: PackId;
  readonly deviceId: DeviceId;
  readonly reason: PlacementReason;
}

export type ShortfallCode = 'no_other_device' | 'nobody_awake' | 'all_busy' | 'no_space' | 'too_few_devices' | 'too_few_vetted';
/** A pack for which fewer places were found than wanted, and why in plain words. */
export interface Shortfall {
  readonly packId: PackId;
  readonly missing: number;
  readonly code: ShortfallCode;
  readonly reason: string;
  readonly nextStep: string;
}

/** Copies wanted of a pack: index packs go to more, since without one no reader finds the way in. */
export function wantedReplicas(kind: PackKind, goal: ReplicaGoal, settings: DurabilitySettings): number {
  return kind === 'index' ? Math.max(goal.target, settings.placement.indexCopies) : goal.target;
}

/** What of a candidate's score does not depend on the pack: presence × audit record, each at least a little. */
export function candidateMerit({ presence, auditScore }: Candidate, { placement }: DurabilitySettings): number {
  return Math.max(presence, placement.leastPresence) * Math.max(auditScore, placement.leastAuditScore);
}
