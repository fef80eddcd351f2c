import { Module } from '@nestjs/common';
import { PoliciesModule } from '../policies/policies.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { DeviceStandingsRepository } from './device-standings.repository.ts';
import { DeviceStatesService } from './device-states.service.ts';
import { DevicesModule } from './devices.module.ts';

@Module({
  imports: [DevicesModule, PoliciesModule, PresenceModule],
  providers: [DeviceStandingsRepository, DeviceStatesService],
  exports: [DeviceStatesService],
})
export class DeviceStatesModule {}
