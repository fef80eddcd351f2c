import { Module } from '@nestjs/common';
import { BundleModule } from '../bundle/bundle.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { DeviceViewsModule } from '../devices/device-views.module.ts';
import { JobsModule } from '../jobs/jobs.module.ts';
import { PacksModule } from '../packs/packs.module.ts';
import { PlacementModule } from '../placement/placement.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { RebuildStateModule } from '../rebuild/rebuild-state.module.ts';
import { ReleasesModule } from '../releases/releases.module.ts';
import { RunsModule } from '../runs/runs.module.ts';
import { TeamModule } from '../team/team.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { DurabilityMetricsService } from './durability-metrics.service.ts';
import { OverviewController } from './overview.controller.ts';
import { OverviewFiguresService } from './overview-figures.service.ts';
import { OverviewService } from './overview.service.ts';
import { ProtectionDaysRepository } from './protection-days.repository.ts';
import { ProtectionDaysService } from './protection-days.service.ts';
import { TeamHealthService } from './team-health.service.ts';
import { TeamNoticesService } from './team-notices.service.ts';

@Module({
  imports: [
    BundleModule,
    DevicesModule,
    DeviceViewsModule,
    JobsModule,
    PacksModule,
    PlacementModule,
    PresenceModule,
    RebuildStateModule,
    ReleasesModule,
    RunsModule,
    TeamModule,
    VaultsModule,
  ],
  controllers: [OverviewController],
  providers: [
    ProtectionDaysRepository,
    ProtectionDaysService,
    TeamNoticesService,
    TeamHealthService,
    OverviewFiguresService,
    OverviewService,
    DurabilityMetricsService,
  ],
})
export class OverviewModule {}
