import { Module } from '@nestjs/common';
import { DeviceStatesModule } from '../devices/device-states.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { MetricsModule } from '../metrics/metrics.module.ts';
import { PacksModule } from '../packs/packs.module.ts';
import { RebuildStateModule } from '../rebuild/rebuild-state.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { SnapshotProtectionModule } from '../snapshots/snapshot-protection.module.ts';
import { TeamModule } from '../team/team.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { AgentReleasesController } from './agent-releases.controller.ts';
import { ForgettingService } from './forgetting.service.ts';
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
    SnapshotProtectionModule,
    TeamModule,
    VaultsModule,
  ],
  controllers: [ReleasesController, AgentReleasesController],
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
  ],
  exports: [ReleaseDecisionsService, ReleaseSealsService, ReleaseSignersService, ReleaseViewsService],
})
export class ReleasesModule {}
