import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import type { z } from 'zod';
import type { DevicePolicy, Policy, PolicyOverride } from '#libs/contracts';
import { deviceId, devicePolicy, policy, policyDocument, policyOverride, policyQuery } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import type { CurrentAgent, CurrentPerson } from '../access/access.decorators.ts';
import { Agent, Device, People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { PoliciesService } from './policies.service.ts';
import { policyForAgent } from './policy-for-agent.ts';

@Controller()
export class PoliciesController {
  constructor(private readonly policies: PoliciesService) {}

  @Get('policies/team')
  @People()
  @Answers(200, policyDocument, 'The team’s policy.')
  team(): Promise<{ version: number; team: Policy }> {
    return this.policies.team();
  }

  @Put('policies/team')
  @People('owner', 'admin')
  @Answers(200, policyDocument, 'Replaces the team’s policy; agents are told at once.')
  setTeam(@Body({ schema: policy }) body: Policy, @Person() person: CurrentPerson): Promise<{ version: number; team: Policy }> {
    return this.policies.setTeam(body, person);
  }

  @Get('policies/devices/:deviceId')
  @People()
  @Answers(200, devicePolicy, 'What one device does: the team’s policy with its own parts in place.')
  device(@Param('deviceId', { schema: deviceId }) id: DeviceId): Promise<DevicePolicy> {
    return this.policies.ofDevice(id);
  }

  @Put('policies/devices/:deviceId')
  @People('owner', 'admin')
  @Answers(200, devicePolicy, 'Replaces a device’s own parts; {} returns it to the team’s policy.')
  setDevice(
    @Param('deviceId', { schema: deviceId }) id: DeviceId,
    @Body({ schema: policyOverride }) body: PolicyOverride,
    @Person() person: CurrentPerson,
  ): Promise<DevicePolicy> {
    return this.policies.setDevice(id, body, person);
  }

  @Get('agent/policy')
  @Agent()
  @Answers(200, devicePolicy, 'What this device is to do, as far as it says in `knows` that it understands.')
  async own(@Query({ schema: policyQuery }) { knows }: z.infer<typeof policyQuery>, @Device() device: CurrentAgent): Promise<DevicePolicy> {
    return policyForAgent(await this.policies.ofDevice(device.deviceId), knows);
  }
}
