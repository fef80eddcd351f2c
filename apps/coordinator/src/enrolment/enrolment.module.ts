import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { JoinLinksModule } from '../join-links/join-links.module.ts';
import { RosterModule } from '../roster/roster.module.ts';
import { TeamModule } from '../team/team.module.ts';
import { EnrolmentController } from './enrolment.controller.ts';
import { EnrolmentService } from './enrolment.service.ts';

@Module({
  imports: [DevicesModule, JoinLinksModule, RosterModule, TeamModule],
  controllers: [EnrolmentController],
  providers: [EnrolmentService],
})
export class EnrolmentModule {}
