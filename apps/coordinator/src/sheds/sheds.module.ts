import { Module } from '@nestjs/common';
import { DeviceStatesModule } from '../devices/device-states.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { PacksModule } from '../packs/packs.module.ts';
import { PlacementModule } from '../placement/placement.module.ts';
import { PoliciesModule } from '../policies/policies.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { RebuildStateModule } from '../rebuild/rebuild-state.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { SchedulesModule } from '../schedules/schedules.module.ts';
import { ShedFollowService } from './shed-follow.service.ts';
import { ShedMovesService } from './shed-moves.service.ts';
import { ShedRecordService } from './shed-record.service.ts';
import { ShedSweepService } from './shed-sweep.service.ts';
import { ShedViewsModule } from './shed-views.module.ts';

/** Devices whose disk is short: which of their packs are moved to others. Copies are placement's work, letting go is that of trims. */
@Module({
  imports: [
    DevicesModule,
    DeviceStatesModule,
    PacksModule,
    PlacementModule,
    PoliciesModule,
    PresenceModule,
    RebuildStateModule,
    ReplicasModule,
    SchedulesModule,
    ShedViewsModule,
  ],
  providers: [ShedRecordService, ShedFollowService, ShedMovesService, ShedSweepService],
})
export class ShedsModule {}
