import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { TeamModule } from '../team/team.module.ts';
import { AddressesService } from './addresses.service.ts';
import { RevocationService } from './revocation.service.ts';
import { RosterController } from './roster.controller.ts';
import { RosterRepository } from './roster.repository.ts';
import { RosterService } from './roster.service.ts';

@Module({
  imports: [DevicesModule, TeamModule],
  controllers: [RosterController],
  providers: [RosterRepository, RosterService, AddressesService, RevocationService],
  exports: [RosterService, AddressesService, RevocationService],
})
export class RosterModule {}
