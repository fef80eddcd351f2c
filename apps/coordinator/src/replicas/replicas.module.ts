import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { DeviceStatesModule } from '../devices/device-states.module.ts';
import { JobsModule } from '../jobs/jobs.module.ts';
import { PacksModule } from '../packs/packs.module.ts';
import { PoliciesModule } from '../policies/policies.module.ts';
import { PresenceModule } from '../presence/presence.module.ts';
import { SnapshotProtectionModule } from '../snapshots/snapshot-protection.module.ts';
import { VaultsModule } from '../vaults/vaults.module.ts';
import { DoubtedCopiesService } from './doubted-copies.service.ts';
import { GoalChangesService } from './goal-changes.service.ts';
import { InventoryService } from './inventory.service.ts';
import { LocationsService } from './locations.service.ts';
import { NeedlessCopiesService } from './needless-copies.service.ts';
import { ReceiptsService } from './receipts.service.ts';
import { ReplicaCountsService } from './replica-counts.service.ts';
import { ReplicasController } from './replicas.controller.ts';
import { ReplicaHeld } from './replica-held.ts';
import { ReplicasRepository } from './replicas.repository.ts';
import { ReplicasService } from './replicas.service.ts';
import { ReturnedReceiptsService } from './returned-receipts.service.ts';
import { ShownPacksRepository } from './shown-packs.repository.ts';

@Module({
  imports: [
    DevicesModule,
    DeviceStatesModule,
    JobsModule,
    PacksModule,
    PoliciesModule,
    SnapshotProtectionModule,
    PresenceModule,
    VaultsModule,
  ],
  controllers: [ReplicasController],
  providers: [
    ReplicasRepository,
    ShownPacksRepository,
    ReturnedReceiptsService,
    ReplicaCountsService,
    ReplicasService,
    ReplicaHeld,
    ReceiptsService,
    GoalChangesService,
    InventoryService,
    NeedlessCopiesService,
    LocationsService,
    DoubtedCopiesService,
  ],
  exports: [
    ReplicasService,
    ReceiptsService,
    GoalChangesService,
    LocationsService,
    NeedlessCopiesService,
    ReplicaHeld,
    ReturnedReceiptsService,
    ShownPacksRepository,
  ],
})
export class ReplicasModule {}
