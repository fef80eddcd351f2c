import { Injectable } from '@nestjs/common';
import type { ReplicaGoal } from '#libs/durability';
import { evaluateAllowance } from '#libs/durability';
import type { DeviceId } from '#libs/kernel';
import { DevicesService } from '../devices/devices.service.ts';
import { DurabilityRulesService } from '../policies/durability-rules.service.ts';
import { PresenceService } from '../presence/presence.service.ts';
import { VaultsService } from '../vaults/vaults.service.ts';

/** Who has more of its data at others than it may, while room is scarce. */
@Injectable()
export class AllowancesService {
  constructor(
    private readonly devices: DevicesService,
    private readonly presence: PresenceService,
    private readonly vaults: VaultsService,
    private readonly rules: DurabilityRulesService,
  ) {}

  /** Verdicts at this moment; ask once a plan. A vault counts once for each replica that it is to have. */
  async over(goals: (owner: DeviceId) => ReplicaGoal): Promise<(owner: DeviceId) => boolean> {
    const disks = new Map(
      (await this.devices.agents())
        .filter((device) => device.membership === 'active')
        .map((device) => [device.deviceId, this.presence.get(device.deviceId) ?? device]),
    );
    let teamFreeBytes = 0;
    let teamOfferedBytes = 0;
    for (const { availableForPacksBytes, heldBytes } of disks.values()) {
      teamFreeBytes += availableForPacksBytes;
      teamOfferedBytes += availableForPacksBytes + heldBytes;
    }
    const over = new Set<DeviceId>();
    for (const { deviceId, bytes } of await this.vaults.all()) {
      const disk = disks.get(deviceId);
      const offeredBytes = disk ? disk.availableForPacksBytes + disk.heldBytes : 0;
      const facts = { offeredBytes, usedBytes: bytes * goals(deviceId).target, teamFreeBytes, teamOfferedBytes };
      if (evaluateAllowance(facts, this.rules.settings).over) over.add(deviceId);
    }
    return (owner) => over.has(owner);
  }
}
