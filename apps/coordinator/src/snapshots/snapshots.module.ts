import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { SnapshotProtectionModule } from './snapshot-protection.module.ts';
import { ReturnedSnapshotsService } from './returned-snapshots.service.ts';
import { SnapshotViewsService } from './snapshot-views.service.ts';
import { SnapshotsController } from './snapshots.controller.ts';
import { SnapshotsService } from './snapshots.service.ts';

@Module({
  imports: [SnapshotProtectionModule, VaultsModule, ReplicasModule, PresenceModule, DevicesModule],
  controllers: [SnapshotsController],
  providers: [SnapshotsService, SnapshotViewsService, ReturnedSnapshotsService],
  exports: [SnapshotsService, SnapshotViewsService, ReturnedSnapshotsService],
})
export class SnapshotsModule {}
