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

export interface SurplusInput extends SurplusPack {
  /** Since when the pack has had more copies than wanted without a break. */
  readonly surplusSinceMs: number;
}

/**
 * Which replicas of a pack are one too many: those beyond what is wanted, when they have been for a week. Never one of an index pack on
 * an anchor, never the last on an anchor, never the last at another site than the owner's, never below the target counted by holders
 * that are awake or asleep as usual (so that suspects' copies save nobody). The fullest holder gives up its copy first.
 */
export function planTrim(
  pack: SurplusInput,
  roomOf: (deviceId: DeviceId) => Pick<Candidate, 'availableBytes'> | undefined,
  nowMs: number,
  settings: DurabilitySettings,
): readonly DeviceId[] {
  if (nowMs - pack.surplusSinceMs < settings.reconcile.trimAfterMs) return [];
  const wanted = wantedReplicas(pack.kind, pack.goal, settings);
  let kept = pack.replicas.filter((r) => r.status === 'held' && isReliable(r));
  const trimmed: DeviceId[] = [];
  const byRoom = kept
    .filter((r) => !(pack.kind === 'index' && r.anchor))
    .sort((a, b) => (roomOf(a.deviceId)?.availableBytes ?? 0) - (roomOf(b.deviceId)?.availableBytes ?? 0));
  for (const replica of byRoom) {
    const rest = kept.filter((r) => r !== replica);
    if (effectiveReplicas(rest, pack.owner, settings) < wanted) continue;
    if (replica.anchor && !rest.some((r) => r.anchor)) continue;
    if (isElsewhere(replica, pack) && !rest.some((r) => isElsewhere(r, pack))) continue;
    kept = rest;
    trimmed.push(replica.deviceId);
  }
  return trimmed;
}

const isElsewhere = (replica: Replica, pack: SurplusPack): boolean => replica.site !== pack.owner.site;

/** Believed in full: no doubt, not gone, not about to leave, no newcomer. */
const isReliable = ({ state, vetted }: Replica): boolean =>
  vetted !== false && (acceptsPacks(state) || state === 'asleep') && !isGone(state);
