import { Module } from '@nestjs/common';
import { PacksModule } from '../packs/packs.module.ts';
import { PoliciesModule } from '../policies/policies.module.ts';
import { SnapshotPinsRepository } from './snapshot-pins.repository.ts';
import { SnapshotPinsService } from './snapshot-pins.service.ts';
import { SnapshotProtectionService } from './snapshot-protection.service.ts';
import { SnapshotRetentionService } from './snapshot-retention.service.ts';
import { SnapshotsRepository } from './snapshots.repository.ts';

/** The half of snapshots that replicas need; taking note of and showing snapshots is in `SnapshotsModule`, above replicas. */
@Module({
  imports: [PacksModule, PoliciesModule],
  providers: [SnapshotsRepository, SnapshotPinsRepository, SnapshotProtectionService, SnapshotPinsService, SnapshotRetentionService],
  exports: [SnapshotsRepository, SnapshotPinsRepository, SnapshotProtectionService, SnapshotPinsService, SnapshotRetentionService],
})
export class SnapshotProtectionModule {}
