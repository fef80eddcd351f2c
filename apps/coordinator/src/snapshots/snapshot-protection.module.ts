import { Module } from '@nestjs/common';
import { PacksModule } from '../packs/packs.module.ts';
import { PoliciesModule } from '../policies/policies.module.ts';
import { SnapshotProtectionService } from './snapshot-protection.service.ts';
import { SnapshotsRepository } from './snapshots.repository.ts';

/** The half of snapshots that replicas need; taking note of and showing snapshots is in `SnapshotsModule`, above replicas. */
@Module({
  imports: [PacksModule, PoliciesModule],
  providers: [SnapshotsRepository, SnapshotProtectionService],
  exports: [SnapshotsRepository, SnapshotProtectionService],
})
export class SnapshotProtectionModule {}
