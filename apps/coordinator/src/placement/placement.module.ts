import { Module } from '@nestjs/common';
import { AuditStandingsModule } from '../audits/audit-standings.module.ts';
import { DevicesModule } from '../devices/devices.module.ts';
import { DeviceStatesModule } from '../devices/device-states.module.ts';
import { JobReportsModule } from '../jobs/job-reports.module.ts';
import { JobsModule } from '../jobs/jobs.module.ts';
import { PacksModule } from '../packs/packs.module.ts';
import { PoliciesModule } from '../policies/policies.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { RebuildStateModule } from '../rebuild/rebuild-state.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { RosterModule } from '../roster/roster.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { AllowancesService } from './allowances.service.ts';
import { CandidatesService } from './candidates.service.ts';
import { DeviceDecisionsController } from './device-decisions.controller.ts';
import { DeviceDecisionsService } from './device-decisions.service.ts';
import { DeviceTransitionsService } from './device-transitions.service.ts';
import { DrainProgressService } from './drain-progress.service.ts';
import { DurabilitySweepService } from './durability-sweep.service.ts';
import { PlacementInputService } from './placement-input.service.ts';
import { PlacementLoopService } from './placement-loop.service.ts';
import { PlacementService } from './placement.service.ts';
import { RepairBreakerRepository } from './repair-breaker.repository.ts';
import { RepairBreakerService } from './repair-breaker.service.ts';
import { SweepSchedule } from './sweep-schedule.ts';

@Module({
  imports: [
    AuditStandingsModule,
    DevicesModule,
    DeviceStatesModule,
    JobsModule,
    JobReportsModule,
    PacksModule,
    PoliciesModule,
    PresenceModule,
    RebuildStateModule,
    ReplicasModule,
    RosterModule,
    VaultsModule,
  ],
  controllers: [DeviceDecisionsController],
  providers: [
    ...[DeviceDecisionsService, DrainProgressService],
    ...[AllowancesService, CandidatesService, PlacementInputService, PlacementService, PlacementLoopService],
    ...[RepairBreakerRepository, RepairBreakerService, DeviceTransitionsService, SweepSchedule, DurabilitySweepService],
  ],
  exports: [CandidatesService, PlacementLoopService, RepairBreakerService],
})
export class PlacementModule {}
