import { Injectable } from '@nestjs/common';
import type { ReplicaGoal, SurplusPack } from '#libs/durability';
import { mayTrim, mayTrimDamaged, planTrim } from '#libs/durability';
import type { DeviceId, PackId } from '#libs/kernel';
import { DeviceStatesService } from '../devices/device-states.service.ts';
import { DevicesService } from '../devices/devices.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { PoliciesService } from '../policies/policies.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import type { DeviceSite } from '../replicas/replica-counts.service.ts';
import { isCopy, packToPlace } from '../replicas/replica-counts.service.ts';
import { ReplicasService } from '../replicas/replicas.service.ts';

export interface Surplus {
  readonly ownerDeviceId: DeviceId;
  /** Each with a copy too many. */
  readonly holders: readonly DeviceId[];
}

/** What the rules say of surplus packs, by what is on record at this moment. */
@Injectable()
export class TrimRulesService {
  constructor(
    private readonly packs: PacksService,
    private readonly replicas: ReplicasService,
    private readonly devices: DevicesService,
    private readonly states: DeviceStatesService,
    private readonly policies: PoliciesService,
    private readonly presence: PresenceService,
  ) {}

  /** How long a pack has to have been surplus. */
  get trimAfterMs(): number {
    return this.states.settings.reconcile.trimAfterMs;
  }

  /** The fewest copies that any owner wants. */
  async leastTarget(): Promise<number> {
    const goals = await this.policies.goals();
    return (await this.devices.agents()).reduce((least, { deviceId }) => Math.min(least, goals(deviceId).target), Number.POSITIVE_INFINITY);
  }

  /** At which holders each of these packs has a copy too many, if they have been surplus for long enough. Packs in hold have none. */
  async surplusAt(packIds: readonly PackId[]): Promise<Map<PackId, Surplus>> {
    const roomOf = (deviceId: DeviceId) => {
      const presence = this.presence.get(deviceId);
      return presence && { availableBytes: presence.availableForPacksBytes };
    };
    const found = new Map<PackId, Surplus>();
    for (const pack of await this.#asSurplus(packIds)) {
      const holders = planTrim({ ...pack, surplusSinceMs: Number.NEGATIVE_INFINITY }, roomOf, 0, this.states.settings);
      if (holders.length > 0) found.set(pack.packId, { ownerDeviceId: pack.owner.deviceId, holders });
    }
    return found;
  }

  /** Those of the packs that this holder may do without. */
  async dispensable(holder: DeviceId, packIds: readonly PackId[]): Promise<Set<PackId>> {
    const packs = await this.#asSurplus(packIds);
    const rows = await this.replicas.ofDevice(holder, packIds);
    const damaged = new Set(rows.filter((row) => !isCopy(row)).map((row) => row.packId));
    const may = (pack: SurplusPack & { readonly packId: PackId }): boolean =>
      damaged.has(pack.packId) ? mayTrimDamaged(pack, this.states.settings) : mayTrim(holder, pack, this.states.settings);
    return new Set(packs.filter(may).map((pack) => pack.packId));
  }

  async #asSurplus(packIds: readonly PackId[]): Promise<SurplusPack[]> {
    const inHold = await this.packs.inHold(packIds);
    const packs = (await this.packs.find(packIds)).filter((pack) => !inHold.has(pack.packId));
    const rows = Map.groupBy(await this.replicas.ofPacks(packs.map((pack) => pack.packId)), (row) => row.packId);
    const stateOf = await this.states.recorded([...new Set([...rows.values()].flat().map((row) => row.deviceId))]);
    const goals: (owner: DeviceId) => ReplicaGoal = await this.policies.goals();
    const sites = new Map(
      (await this.devices.agents()).map((device): [DeviceId, DeviceSite] => [
        device.deviceId,
        { site: device.site, anchor: device.class === 'anchor', vetted: this.states.standing(device).vetted },
      ]),
    );
    const siteOf = (deviceId: DeviceId): DeviceSite => sites.get(deviceId) ?? { site: '', anchor: false };
    return packs.map((pack) => ({ ...packToPlace(pack, rows.get(pack.packId) ?? [], stateOf, siteOf), goal: goals(pack.ownerDeviceId) }));
  }
}
