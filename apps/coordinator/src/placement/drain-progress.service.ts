import { Injectable } from '@nestjs/common';
import type { DrainProgress } from '#libs/contracts';
import { drainProgress } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { PoliciesService } from '../policies/policies.service.ts';
import { RebuildStateService } from '../rebuild/rebuild-state.service.ts';
import { packToPlace } from '../replicas/replica-counts.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';

/** Packs looked at with one read of each table. */
const BATCH = 500;

/** How far a leaver's packs are copied out. Cost: the packs that it holds. */
@Injectable()
export class DrainProgressService {
  constructor(
    private readonly devices: DevicesService,
    private readonly states: DeviceStatesService,
    private readonly replicas: ReplicasService,
    private readonly packs: PacksService,
    private readonly policies: PoliciesService,
    private readonly rebuild: RebuildStateService,
  ) {}

  /** Never safe while the coordinator gets its memory back: it may not know yet what the device holds. Throws `device_not_found`. */
  async of(deviceId: DeviceId): Promise<DrainProgress> {
    await this.devices.get(deviceId);
    const goals = await this.policies.goals();
    const total = { packs: 0, stillNeeded: 0, belowMinimumWithout: 0 };
    for (let after = ''; ;) {
      const packIds = await this.replicas.heldAfter(deviceId, after, BATCH);
      const packs = await this.packs.find(packIds);
      const rows = Map.groupBy(await this.replicas.ofPacks(packIds), (row) => row.packId);
      const stateOf = await this.states.recorded([...new Set([...rows.values()].flat().map((row) => row.deviceId))]);
      const part = drainProgress(
        deviceId,
        packs.map((pack) => ({ ...packToPlace(pack, rows.get(pack.packId) ?? [], stateOf), goal: goals(pack.ownerDeviceId) })),
        this.states.settings,
      );
      total.packs += part.packs;
      total.stillNeeded += part.stillNeeded;
      total.belowMinimumWithout += part.belowMinimumWithout;
      if (packIds.length < BATCH) return { ...total, safeToRevoke: total.stillNeeded === 0 && !(await this.rebuild.isFrozen()) };
      after = packIds.at(-1)!;
    }
  }
}
