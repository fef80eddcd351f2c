import { Module } from '@nestjs/common';
import { DeviceStatesModule } from '../devices/device-states.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { MetricsModule } from '../metrics/metrics.module.ts';
import { PacksModule } from '../packs/packs.module.ts';
import { RebuildStateModule } from '../rebuild/rebuild-state.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { RosterModule } from '../roster/roster.module.ts';
import { SnapshotProtectionModule } from '../snapshots/snapshot-protection.module.ts';
import { TeamModule } from '../team/team.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { AgentReleasesController } from './agent-releases.controller.ts';
import { ForgettingService } from './forgetting.service.ts';
import { LostOwnersService } from './lost-owners.service.ts';
import { NewHeadsService } from './new-heads.service.ts';
import { ReleaseChecksService } from './release-checks.service.ts';
import { ReleaseDecisionsService } from './release-decisions.service.ts';
import { ReleaseEffectsService } from './release-effects.service.ts';
import { ReleaseHoldsService } from './release-holds.service.ts';
import { ReleaseIntakeService } from './release-intake.service.ts';
import { ReleaseRecordService } from './release-record.service.ts';
import { ReleaseSealsService } from './release-seals.service.ts';
import { ReleaseSignersService } from './release-signers.service.ts';
import { ReleaseSweepService } from './release-sweep.service.ts';
import { ReleaseViewsService } from './release-views.service.ts';
import { ReleasedPacksModule } from './released-packs.module.ts';
import { ReleasesController } from './releases.controller.ts';
import { RootReleaseDraftsService } from './root-release-drafts.service.ts';
import { RootReleasePacksRepository } from './root-release-packs.repository.ts';
import { RootReleasesController } from './root-releases.controller.ts';
import { RootReleasesService } from './root-releases.service.ts';
import { RootReleasePlansService } from './root-release-plans.service.ts';
import { SnapshotReturnService } from './snapshot-return.service.ts';
import { ReleasesRepository } from './releases.repository.ts';

@Module({
  imports: [
    ReleasedPacksModule,
    DevicesModule,
    DeviceStatesModule,
    MetricsModule,
    PacksModule,
    RebuildStateModule,
    ReplicasModule,
    RosterModule,
    SnapshotProtectionModule,
    TeamModule,
    VaultsModule,
  ],
  controllers: [ReleasesController, RootReleasesController, AgentReleasesController],
  providers: [
    ReleasesRepository,
    ForgettingService,
    SnapshotReturnService,
    NewHeadsService,
    ReleaseSignersService,
    ReleaseChecksService,
    ReleaseSealsService,
    ReleaseRecordService,
    ReleaseEffectsService,
    ReleaseDecisionsService,
    ReleaseIntakeService,
    ReleaseHoldsService,
    ReleaseViewsService,
    ReleaseSweepService,
    RootReleasePacksRepository,
    RootReleaseDraftsService,
    RootReleasePlansService,
    RootReleasesService,
    LostOwnersService,
  ],
  exports: [ReleaseDecisionsService, ReleaseSealsService, ReleaseSignersService, ReleaseViewsService],
})
export class ReleasesModule {}
