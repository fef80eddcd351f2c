import { Module } from '@nestjs/common';
import { DeviceStatesModule } from '../devices/device-states.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { PacksModule } from '../packs/packs.module.ts';
import { PoliciesModule } from '../policies/policies.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { ReleasesModule } from '../releases/releases.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { SchedulesModule } from '../schedules/schedules.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { AgentTrimsController } from './agent-trims.controller.ts';
import { TrimHoldsService } from './trim-holds.service.ts';
import { TrimIntakeService } from './trim-intake.service.ts';
import { TrimRecordService } from './trim-record.service.ts';
import { TrimRulesService } from './trim-rules.service.ts';
import { TrimSweepService } from './trim-sweep.service.ts';
import { TrimViewsService } from './trim-views.service.ts';
import { TrimsController } from './trims.controller.ts';
import { TrimsRepository } from './trims.repository.ts';

/** Copies beyond what is wanted: noticed, let go by their owner's word, deleted by their holder after the hold. */
@Module({
  imports: [
    DevicesModule,
    DeviceStatesModule,
    PacksModule,
    PoliciesModule,
    PresenceModule,
    ReleasesModule,
    ReplicasModule,
    SchedulesModule,
    VaultsModule,
  ],
  controllers: [TrimsController, AgentTrimsController],
  providers: [
    TrimsRepository,
    TrimRulesService,
    TrimRecordService,
    TrimIntakeService,
    TrimHoldsService,
    TrimSweepService,
    TrimViewsService,
  ],
})
export class TrimsModule {}
