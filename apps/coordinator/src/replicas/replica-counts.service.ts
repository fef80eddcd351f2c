import { Injectable } from '@nestjs/common';
import type { PackToPlace, Replica, ReplicaChange, ReplicaGoal } from '#libs/durability';
import { effectiveReplicas, goalWhileLeaving, isDoubted, isGone, needsCopies } from '#libs/durability';
import type { DeviceId, PackId, VaultId } from '#libs/kernel';
import type { DeviceState } from '#libs/contracts';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { lack, queue } from '../packs/pack.entity.ts';
import type { PackCounts, PackRow } from '../packs/packs.repository.ts';
import { PacksService } from '../packs/packs.service.ts';
import { DurabilityRulesService } from '../policies/durability-rules.service.ts';
import { PoliciesService } from '../policies/policies.service.ts';
import { SnapshotProtectionService } from '../snapshots/snapshot-protection.service.ts';
import type { ReplicaRow } from './replicas.repository.ts';
import { ReplicasRepository } from './replicas.repository.ts';

/**
 * Turns replicas and recorded device states into each pack's counts, and carries what changed over to the snapshots. Called in
 * the transaction that changed a replica; cost follows the packs given, never all there are.
 */
@Injectable()
export class ReplicaCountsService {
  constructor(
    private readonly replicas: ReplicasRepository,
    private readonly packs: PacksService,
    private readonly states: DeviceStatesService,
    private readonly policies: PoliciesService,
    private readonly snapshots: SnapshotProtectionService,
    private readonly rules: DurabilityRulesService,
  ) {}

  /** Counts these packs again. */
  async recount(packIds: readonly PackId[]): Promise<void> {
    const packs = await this.packs.find(packIds);
    const replicas = Map.groupBy(await this.replicas.ofPacks(packIds), (replica) => replica.packId);
    const holders = new Set([...replicas.values()].flat().map((replica) => replica.deviceId));
    const stateOf = await this.states.recorded([...holders]);
    const goals = await this.policies.goals();
    const inHold = await this.packs.inHold(packIds);
    const writes = new Map<string, { counts: PackCounts; packIds: PackId[] }>();
    const changes = new Map<VaultId, { goal: ReplicaGoal; changes: ReplicaChange[] }>();
    for (const pack of packs) {
      const goal = goals(pack.ownerDeviceId);
      const counts = inHold.has(pack.packId)
        ? { ...released, effective: pack.effective }
        : this.#count(pack, replicas.get(pack.packId) ?? [], stateOf, goal);
      if (counts.effective !== pack.effective || counts.lack !== pack.lack || counts.queue !== pack.queue) {
        const key = `${counts.effective}/${counts.lack}/${counts.queue}`;
        if (!writes.has(key)) writes.set(key, { counts, packIds: [] });
        writes.get(key)!.packIds.push(pack.packId);
      }
      if (counts.effective !== pack.effective) {
        if (!changes.has(pack.vaultId)) changes.set(pack.vaultId, { goal, changes: [] });
        changes.get(pack.vaultId)!.changes.push({ ordinal: pack.ordinal, before: pack.effective / 2, after: counts.effective / 2 });
      }
    }
    for (const { counts, packIds: same } of writes.values()) await this.packs.setCounts(same, counts);
    for (const [vaultId, { goal, changes: list }] of changes) await this.snapshots.apply(vaultId, list, goal);
  }

  #count(pack: PackRow, rows: readonly ReplicaRow[], stateOf: (deviceId: DeviceId) => DeviceState, goal: ReplicaGoal): PackCounts {
    const toPlace = packToPlace(pack, rows, stateOf);
    const effective = effectiveReplicas(toPlace.replicas, toPlace.owner, this.rules.settings);
    return {
      effective: Math.round(effective * 2),
      lack: effective < goal.minimum ? lack.belowMinimum : effective < goal.target ? lack.belowTarget : lack.none,
      queue: needsCopies(toPlace, goalFor(rows, goal), this.rules.settings) ? queue.wanting : queue.settled,
      parkedFor: '',
    };
  }
}

/** A pack in hold lacks nothing and waits for nothing; its count stays what it was, since nobody is to restore it. */
const released = { lack: lack.none, queue: queue.settled, parkedFor: '' } as const;

/** Where devices stand for the rules. */
export interface DeviceSite {
  readonly site: string;
  readonly anchor: boolean;
  readonly vetted?: boolean;
}

/**
 * A stored pack as the rules see it. A device is its own machine: nothing tells the coordinator yet which devices share one.
 * A returning replica counts as gone until its inventory names it, a quarantined one until it has proved itself, one that is let go for good; yet its device
 * is not asked for the pack again. A damaged one is none at all: its device may be asked for the pack anew. One that is to leave a full disk counts like a leaver's, pack by pack.
 */
export function packToPlace(
  pack: PackRow,
  rows: readonly ReplicaRow[],
  stateOf: (deviceId: DeviceId) => DeviceState,
  siteOf: (deviceId: DeviceId) => DeviceSite = () => ({ site: '', anchor: false }),
): PackToPlace {
  const replicas = rows.filter(isCopy).map(({ deviceId, status, shedSinceMs }): Replica => ({
    deviceId,
    machineId: deviceId,
    ...siteOf(deviceId),
    state: stateForRules(status, shedSinceMs !== null, stateOf(deviceId)),
    status: status === 'pending' ? 'pending' : 'held',
  }));
  const { packId, kind, sizeBytes, ownerDeviceId } = pack;
  return {
    packId,
    kind,
    sizeBytes,
    replicas,
    owner: { deviceId: ownerDeviceId, machineId: ownerDeviceId, site: siteOf(ownerDeviceId).site },
  };
}

export const isCopy = ({ status }: Pick<ReplicaRow, 'status'>): boolean => status !== 'damaged';

function stateForRules(status: ReplicaRow['status'], isShed: boolean, state: DeviceState): DeviceState {
  if (status !== 'held' && status !== 'pending') return 'missing';
  return isShed && !isGone(state) && !isDoubted(state) ? 'draining' : state;
}

/** What is wanted of a pack: while a copy of it is to leave a full disk, as many others as its owner asks for before it lets one go. */
export const goalFor = (rows: readonly ReplicaRow[], goal: ReplicaGoal): ReplicaGoal =>
  rows.some((row) => row.shedSinceMs !== null && row.status === 'held') ? goalWhileLeaving(goal) : goal;
