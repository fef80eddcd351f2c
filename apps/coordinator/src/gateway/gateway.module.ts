import { Module } from '@nestjs/common';
import { PacksModule } from '../packs/packs.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { RosterModule } from '../roster/roster.module.ts';
import { TeamModule } from '../team/team.module.ts';
import { CoordinatorSwarmService } from './coordinator-swarm.service.ts';
import { GatewayController } from './gateway.controller.ts';
import { GatewayService } from './gateway.service.ts';

@Module({
  imports: [PacksModule, ReplicasModule, RosterModule, TeamModule],
  controllers: [GatewayController],
  providers: [CoordinatorSwarmService, GatewayService],
  exports: [CoordinatorSwarmService],
})
export class GatewayModule {}
