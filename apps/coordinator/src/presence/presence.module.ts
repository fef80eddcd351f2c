import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { HeartbeatFactsRegistry } from './heartbeat-facts.ts';
import { PresenceService } from './presence.service.ts';

@Module({
  imports: [DevicesModule],
  providers: [PresenceService, HeartbeatFactsRegistry],
  exports: [PresenceService, HeartbeatFactsRegistry],
})
export class PresenceModule {}
