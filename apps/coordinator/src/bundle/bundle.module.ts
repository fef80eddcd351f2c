import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { RebuildStateModule } from '../rebuild/rebuild-state.module.ts';
import { SchedulesModule } from '../schedules/schedules.module.ts';
import { BundleKeepersService } from './bundle-keepers.service.ts';
import { BundleMakerService } from './bundle-maker.service.ts';
import { BundleSweepService } from './bundle-sweep.service.ts';
import { BundleController } from './bundle.controller.ts';
import { BundlesRepository } from './bundles.repository.ts';
import { TeamTablesRepository } from './team-tables.repository.ts';

/** What a new coordinator would need, left with devices of the team: docs/spec/bundle.md. */
@Module({
  imports: [DevicesModule, PresenceModule, RebuildStateModule, SchedulesModule],
  controllers: [BundleController],
  providers: [BundlesRepository, TeamTablesRepository, BundleMakerService, BundleKeepersService, BundleSweepService],
  exports: [BundleKeepersService],
})
export class BundleModule {}
