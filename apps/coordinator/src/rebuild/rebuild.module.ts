import type { OnModuleInit } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { DeviceStatesModule } from '../devices/device-states.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { JobsModule } from '../jobs/jobs.module.ts';
import { PacksModule } from '../packs/packs.module.ts';
import { HeartbeatFactsRegistry } from '../presence/heartbeat-facts.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { ReleasesModule } from '../releases/releases.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { RosterModule } from '../roster/roster.module.ts';
import { SchedulesModule } from '../schedules/schedules.module.ts';
import { SnapshotsModule } from '../snapshots/snapshots.module.ts';
import { TeamModule } from '../team/team.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { AdoptionsService } from './adoptions.service.ts';
import { AgentRebuildController } from './agent-rebuild.controller.ts';
import { MemoryService } from './memory.service.ts';
import { OnRecordService } from './on-record.service.ts';
import { RebuildBeginService } from './rebuild-begin.service.ts';
import { RebuildEndService } from './rebuild-end.service.ts';
import { RebuildReportsService } from './rebuild-reports.service.ts';
import { RebuildRosterService } from './rebuild-roster.service.ts';
import { RebuildStateModule } from './rebuild-state.module.ts';
import { RebuildSweepService } from './rebuild-sweep.service.ts';
import { RebuildController } from './rebuild.controller.ts';

/** A coordinator that lost its memory notices it, and gets it back from the agents. */
@Module({
  imports: [
    DevicesModule,
    DeviceStatesModule,
    JobsModule,
    PacksModule,
    PresenceModule,
    RebuildStateModule,
    ReleasesModule,
    ReplicasModule,
    RosterModule,
    SchedulesModule,
    SnapshotsModule,
    TeamModule,
    VaultsModule,
  ],
  controllers: [RebuildController, AgentRebuildController],
  providers: [
    ...[MemoryService, RebuildBeginService, OnRecordService],
    ...[RebuildReportsService, RebuildRosterService, RebuildEndService, AdoptionsService, RebuildSweepService],
  ],
})
export class RebuildModule implements OnModuleInit {
  constructor(
    private readonly facts: HeartbeatFactsRegistry,
    private readonly memory: MemoryService,
  ) {}

  onModuleInit(): void {
    this.facts.provide('memory', (deviceId, heartbeat) => this.memory.exchange(deviceId, heartbeat.memory));
  }
}
