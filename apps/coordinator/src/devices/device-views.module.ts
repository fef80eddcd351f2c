import { Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module.ts';
import { PoliciesModule } from '../policies/policies.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { RunsModule } from '../runs/runs.module.ts';
import { ShedViewsModule } from '../sheds/shed-views.module.ts';
import { SnapshotsModule } from '../snapshots/snapshots.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { BackupRequestsService } from './backup-requests.service.ts';
import { DeviceDetailsService } from './device-details.service.ts';
import { DeviceHealthService } from './device-health.service.ts';
import { DeviceStatesModule } from './device-states.module.ts';
import { DeviceSummariesService } from './device-summaries.service.ts';
import { DevicesController } from './devices.controller.ts';
import { DevicesModule } from './devices.module.ts';

/** Devices as people see them; stands on everything that is known of a device. */
@Module({
  imports: [
    DevicesModule,
    DeviceStatesModule,
    JobsModule,
    PoliciesModule,
    PresenceModule,
    RunsModule,
    ShedViewsModule,
    SnapshotsModule,
    VaultsModule,
  ],
  controllers: [DevicesController],
  providers: [DeviceHealthService, DeviceSummariesService, DeviceDetailsService, BackupRequestsService],
  exports: [DeviceHealthService],
})
export class DeviceViewsModule {}
