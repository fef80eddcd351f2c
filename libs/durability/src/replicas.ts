import type { DeviceState } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { isDoubted, isGone } from './device-state.ts';
import type { DurabilitySettings } from './settings.ts';

/** One pack at one holder. Only a replica with a verified receipt is `held`; a `pending` one is still being fetched. */
export interface Replica {
  readonly deviceId: DeviceId;
  /** What fails together counts once: devices on one machine, or a whole Kubo cluster, have one machine id. */
  readonly machineId: string;
  readonly site: string;
  readonly anchor: boolean;
  readonly state: DeviceState;
  readonly status: 'held' | 'pending';
  /** Its holder has shown that it keeps what it gets; taken for granted unless it says false. */
  readonly vetted?: boolean;
}

/** Whose pack it is: nothing on the owner's machine is a replica. */
export interface PackOwner {
  readonly deviceId: DeviceId;
  readonly machineId: string;
  readonly site: string;
}

type Home = Pick<PackOwner, 'deviceId' | 'machineId'>;

/** Copies that a held replica counts for: a doubted holder one half, a gone one nothing. Draining still counts: the bytes are there. */
export function replicaWeight(state: DeviceState, settings: DurabilitySettings): number {
  if (isGone(state)) return settings.weights.gone;
  return isDoubted(state) ? settings.weights.doubtful : settings.weights.sound;
}

/** The sum over machines of the best replica on each. Replicas are few, so looking back beats a map: this runs for every pack. */
function countMachines(replicas: readonly Replica[], owner: Home, weight: (r: Replica) => number): number {
  let sum = 0;
  for (let at = 0; at < replicas.length; at += 1) {
    const replica = replicas[at]!;
    if (replica.deviceId === owner.deviceId || replica.machineId === owner.machineId) continue;
    const counts = weight(replica);
    let before = 0;
    for (let twin = 0; twin < at; twin += 1) {
      const other = replicas[twin]!;
      if (other.machineId === replica.machineId && other.deviceId !== owner.deviceId) before = Math.max(before, weight(other));
    }
    if (counts > before) sum += counts - before;
  }
  return sum;
}

/** Effective replicas: what protection is decided by. Pending ones count nothing. */
export function effectiveReplicas(replicas: readonly Replica[], owner: Home, settings: DurabilitySettings): number {
  return countMachines(replicas, owner, (r) => (r.status === 'held' ? replicaWeight(r.state, settings) : 0));
}

/** As {@link effectiveReplicas}, but with pending copies and without those about to leave: what is still to be placed is counted from here. */
export function expectedReplicas(replicas: readonly Replica[], owner: Home, settings: DurabilitySettings): number {
  return countMachines(replicas, owner, (r) => (r.state === 'draining' ? 0 : replicaWeight(r.state, settings)));
}

/** As {@link expectedReplicas}, of holders that are vetted: how much of the minimum does not rest on newcomers. */
export function vettedReplicas(replicas: readonly Replica[], owner: Home, settings: DurabilitySettings): number {
  return countMachines(replicas, owner, (r) => (r.state === 'draining' || r.vetted === false ? 0 : replicaWeight(r.state, settings)));
}

/** Copies that will probably be there next week: doubted ones count whole, those gone or leaving do not. */
export function presentReplicas(replicas: readonly Replica[], owner: Home): number {
  return countMachines(replicas, owner, (r) => (isGone(r.state) || r.state === 'draining' ? 0 : 1));
}
