import type { PackKind } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { wantedReplicas, type Candidate, type PackToPlace, type ReplicaGoal } from './candidate.ts';
import { acceptsPacks, isGone } from './device-state.ts';
import { effectiveReplicas, type Replica } from './replicas.ts';
import type { DurabilitySettings } from './settings.ts';

export type SurplusPack = Pick<PackToPlace, 'packId' | 'kind' | 'owner' | 'replicas'> & { readonly goal: ReplicaGoal };

/** Whether `copies` effective replicas are there without what a device holds. */
export function deviceIsSurplus(deviceId: DeviceId, pack: SurplusPack, copies: number, settings: DurabilitySettings): boolean {
  const others = pack.replicas.filter((r) => r.deviceId !== deviceId && r.state !== 'draining');
  return effectiveReplicas(others, pack.owner, settings) >= copies;
}

/** Copies that are on their way and no longer wanted, since enough are held again: a returned device makes repairs needless. */
export function needlessPending(pack: SurplusPack, settings: DurabilitySettings): DeviceId[] {
  const pending = pack.replicas.filter((r) => r.status === 'pending');
  if (pending.length === 0) return [];
  // What a returned holder has named is there, though its holder is only half believed until all of it is shown.
  const staying = pack.replicas
    .filter((r) => r.state !== 'draining')
    .map((r) => (r.state === 'reconciling' && r.status === 'held' ? { ...r, state: 'active' as const } : r));
  const enough = effectiveReplicas(staying, pack.owner, settings) >= wantedReplicas(pack.kind, pack.goal, settings);
  return enough ? pending.map((r) => r.deviceId) : [];
}

/**
 * No trim leaves fewer copies than this, whatever the policy's target says: the target comes from the coordinator, and who could set it to one
 * could have all others deleted. The target of a new team.
 */
export const leastKept = 3;

/** Copies of a pack that a trim has to leave. */
export function keptByTrims(kind: PackKind, goal: ReplicaGoal, settings: DurabilitySettings): number {
  return wantedReplicas(kind, { ...goal, target: Math.max(goal.target, leastKept) }, settings);
}

export interface SurplusInput extends SurplusPack {
  /** Since when the pack has had more copies than wanted without a break. */
  readonly surplusSinceMs: number;
}

/**
 * Which replicas of a pack are one too many: those beyond what is wanted, when they have been for a week. Never one of an index pack on
 * an anchor, never the last on an anchor, never the last at another site than the owner's, never below {@link keptByTrims} counted by holders
 * that are awake or asleep as usual (so that suspects' copies save nobody). The fullest holder gives up its copy first.
 */
export function planTrim(
  pack: SurplusInput,
  roomOf: (deviceId: DeviceId) => Pick<Candidate, 'availableBytes'> | undefined,
  nowMs: number,
  settings: DurabilitySettings,
): readonly DeviceId[] {
  if (nowMs - pack.surplusSinceMs < settings.reconcile.trimAfterMs) return [];
  let kept = pack.replicas.filter(isReliable);
  const trimmed: DeviceId[] = [];
  const byRoom = [...kept].sort((a, b) => (roomOf(a.deviceId)?.availableBytes ?? 0) - (roomOf(b.deviceId)?.availableBytes ?? 0));
  for (const replica of byRoom) {
    const rest = kept.filter((r) => r !== replica);
    if (!isDispensable(replica, rest, pack, settings)) continue;
    kept = rest;
    trimmed.push(replica.deviceId);
  }
  return trimmed;
}

/** Whether one device may do without a pack, by the copies at all others: what {@link planTrim} said must still be so when it is carried out. */
export function mayTrim(deviceId: DeviceId, pack: SurplusPack, settings: DurabilitySettings): boolean {
  const replica = pack.replicas.find((r) => r.deviceId === deviceId);
  if (!replica) return false;
  return isDispensable(
    replica,
    pack.replicas.filter((r) => r !== replica && isReliable(r)),
    pack,
    settings,
  );
}

/**
 * Whether what is left of a damaged copy may go, by the copies at all others: as many as any trim leaves, each whole. Until then its good
 * blocks could be the last ones anywhere.
 */
export function mayTrimDamaged(pack: SurplusPack, settings: DurabilitySettings): boolean {
  return effectiveReplicas(pack.replicas.filter(isReliable), pack.owner, settings) >= keptByTrims(pack.kind, pack.goal, settings);
}

function isDispensable(replica: Replica, rest: readonly Replica[], pack: SurplusPack, settings: DurabilitySettings): boolean {
  if (pack.kind === 'index' && replica.anchor) return false;
  if (effectiveReplicas(rest, pack.owner, settings) < keptByTrims(pack.kind, pack.goal, settings)) return false;
  if (replica.anchor && !rest.some((r) => r.anchor)) return false;
  return !isElsewhere(replica, pack) || rest.some((r) => isElsewhere(r, pack));
}

/** At another site than the owner's. */
export const isElsewhere = (replica: Replica, pack: Pick<SurplusPack, 'owner'>): boolean => replica.site !== pack.owner.site;

/** There, and believed in full: no doubt, not gone, not about to leave, no newcomer. */
export const isReliable = ({ state, status, vetted }: Replica): boolean =>
  status === 'held' && vetted !== false && (acceptsPacks(state) || state === 'asleep') && !isGone(state);
