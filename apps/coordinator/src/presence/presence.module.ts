import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { RosterModule } from '../roster/roster.module.ts';
import { HeartbeatController } from './heartbeat.controller.ts';
import { HeartbeatFactsRegistry } from './heartbeat-facts.ts';
import { HeartbeatService } from './heartbeat.service.ts';
import { PresenceService } from './presence.service.ts';

@Module({
  imports: [DevicesModule, RosterModule],
  controllers: [HeartbeatController],
  providers: [PresenceService, HeartbeatService, HeartbeatFactsRegistry],
  exports: [PresenceService, HeartbeatFactsRegistry],
})
export class PresenceModule {}
