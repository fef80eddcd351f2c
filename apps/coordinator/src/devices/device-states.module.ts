import { Module } from '@nestjs/common';
import { AuditStandingsModule } from '../audits/audit-standings.module.ts';
import { PoliciesModule } from '../policies/policies.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { DeviceKnowledgeService } from './device-knowledge.service.ts';
import { DeviceMarksRepository } from './device-marks.repository.ts';
import { DeviceMarksService } from './device-marks.service.ts';
import { DeviceStandingsRepository } from './device-standings.repository.ts';
import { DeviceStatesService } from './device-states.service.ts';
import { DevicesModule } from './devices.module.ts';
import { PresenceHistoriesService } from './presence-histories.service.ts';

@Module({
  imports: [AuditStandingsModule, DevicesModule, PoliciesModule, PresenceModule],
  providers: [
    DeviceStandingsRepository,
    DeviceStatesService,
    DeviceMarksRepository,
    DeviceMarksService,
    PresenceHistoriesService,
    DeviceKnowledgeService,
  ],
  exports: [DeviceStatesService],
})
export class DeviceStatesModule {}
