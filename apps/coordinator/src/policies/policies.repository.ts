import { Injectable } from '@nestjs/common';
import type { Policy, PolicyOverride } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import { Database } from '../database/database.ts';
import { DevicePolicyEntity, TeamPolicyEntity } from './policy.entity.ts';

@Injectable()
export class PoliciesRepository {
  constructor(private readonly database: Database) {}

  team(): Promise<TeamPolicyEntity | null> {
    return this.database.read.findOneBy(TeamPolicyEntity, { id: 1 });
  }

  device(deviceId: DeviceId): Promise<DevicePolicyEntity | null> {
    return this.database.read.findOneBy(DevicePolicyEntity, { deviceId });
  }

  overrides(): Promise<DevicePolicyEntity[]> {
    return this.database.read.find(DevicePolicyEntity);
  }

  async saveTeam(version: number, policy: Policy): Promise<void> {
    await this.database.write((manager) => manager.save(TeamPolicyEntity, { id: 1, version, policy }));
  }

  async saveDevice(deviceId: DeviceId, version: number, override: PolicyOverride): Promise<void> {
    await this.database.write((manager) => manager.save(DevicePolicyEntity, { deviceId, version, override }));
  }
}
