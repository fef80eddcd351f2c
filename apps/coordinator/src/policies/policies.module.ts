import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { DurabilityRulesService } from './durability-rules.service.ts';
import { PoliciesController } from './policies.controller.ts';
import { PoliciesRepository } from './policies.repository.ts';
import { PoliciesService } from './policies.service.ts';

@Module({
  imports: [DevicesModule, PresenceModule],
  controllers: [PoliciesController],
  providers: [PoliciesRepository, PoliciesService, DurabilityRulesService],
  exports: [PoliciesService, DurabilityRulesService],
})
export class PoliciesModule {}
