import type { DeviceState } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { isGone } from './device-state.ts';
import type { DurabilitySettings } from './settings.ts';

/** One pack at one holder. Only a replica with a verified receipt is `held`; a `pending` one is still being fetched. */
export interface Replica {
  readonly deviceId: DeviceId;
  /** Devices with the same machine fail together and count once. */
  readonly machineId: string;
  readonly site: string;
  readonly anchor: boolean;
  readonly state: DeviceState;
  readonly status: 'held' | 'pending';
}

/** Whose pack it is: nothing on the owner's machine is a replica. */
export interface PackOwner {
  readonly deviceId: DeviceId;
  readonly machineId: string;
  readonly site: string;
}

/** Copies that a held replica counts for: a doubtful holder one half, a gone one nothing. Draining still counts: the bytes are there. */
export function replicaWeight(state: DeviceState, settings: DurabilitySettings): number {
  if (isGone(state)) return settings.weights.gone;
  return state === 'suspect' ? settings.weights.doubtful : settings.weights.sound;
}

function countMachines(
  replicas: readonly Replica[],
  owner: Pick<PackOwner, 'deviceId' | 'machineId'>,
  weight: (r: Replica) => number,
): number {
  // The sum for the usual case of one replica a machine; the best one where a machine has several.
  const best = new Map<string, number>();
  for (const replica of replicas) {
    if (replica.deviceId === owner.deviceId || replica.machineId === owner.machineId) continue;
    const counts = weight(replica);
    if (counts > (best.get(replica.machineId) ?? 0)) best.set(replica.machineId, counts);
  }
  let sum = 0;
  for (const counts of best.values()) sum += counts;
  return sum;
}

/** Effective replicas: what protection is decided by. Pending ones count nothing. */
export function effectiveReplicas(
  replicas: readonly Replica[],
  owner: Pick<PackOwner, 'deviceId' | 'machineId'>,
  settings: DurabilitySettings,
): number {
  return countMachines(replicas, owner, (r) => (r.status === 'held' ? replicaWeight(r.state, settings) : 0));
}

/** As {@link effectiveReplicas}, but with pending copies and without those about to leave: what is still to be placed is counted from here. */
export function expectedReplicas(
  replicas: readonly Replica[],
  owner: Pick<PackOwner, 'deviceId' | 'machineId'>,
  settings: DurabilitySettings,
): number {
  return countMachines(replicas, owner, (r) => (r.state === 'draining' ? 0 : replicaWeight(r.state, settings)));
}

/** Copies that will probably be there next week: suspects count whole, those gone or leaving do not. */
export function presentReplicas(replicas: readonly Replica[], owner: Pick<PackOwner, 'deviceId' | 'machineId'>): number {
  return countMachines(replicas, owner, (r) => (isGone(r.state) || r.state === 'draining' ? 0 : 1));
}
