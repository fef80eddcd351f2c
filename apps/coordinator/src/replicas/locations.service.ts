import { Injectable } from '@nestjs/common';
import type { PackLocations } from '#libs/contracts';
import type { DeviceId, PackId } from '#libs/kernel';
import { DevicesService } from '../devices/devices.service.ts';
import { PacksService } from '../packs/packs.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { ReplicasRepository } from './replicas.repository.ts';

/** Where a reader finds packs: at their holders, and at their owner, which keeps all its own. Revoked devices are left out. */
@Injectable()
export class LocationsService {
  constructor(
    private readonly replicas: ReplicasRepository,
    private readonly packs: PacksService,
    private readonly devices: DevicesService,
    private readonly presence: PresenceService,
  ) {}

  async of(packIds: readonly PackId[]): Promise<PackLocations> {
    const packs = await this.packs.find(packIds);
    const replicas = Map.groupBy(await this.replicas.ofPacks(packIds), (replica) => replica.packId);
    const members = new Set((await this.devices.agents()).filter((d) => d.membership !== 'revoked').map((d) => d.deviceId));
    return {
      locations: packs.map(({ packId, sizeBytes, ownerDeviceId }) => {
        const held = (replicas.get(packId) ?? [])
          .filter((row) => row.status !== 'pending' && row.status !== 'damaged')
          .map((row) => row.deviceId);
        // The owner last: a restore is usually wanted because its machine is gone, and colleagues share the load.
        const holders = [...held, ownerDeviceId].filter((deviceId) => members.has(deviceId)).map((deviceId) => this.#holder(deviceId));
        return { packId, sizeBytes, holders: holders.sort((a, b) => Number(b.online) - Number(a.online)) };
      }),
    };
  }

  #holder(deviceId: DeviceId): { deviceId: DeviceId; online: boolean } {
    return { deviceId, online: this.presence.isOnline(deviceId) };
  }
}
