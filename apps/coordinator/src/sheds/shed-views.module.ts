import { Module } from '@nestjs/common';
import { PresenceModule } from '../presence/presence.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { ShedViewsService } from './shed-views.service.ts';
import { ShedsRepository } from './sheds.repository.ts';

/** What is known of full disks, for those who show it. */
@Module({
  imports: [PresenceModule, ReplicasModule],
  providers: [ShedsRepository, ShedViewsService],
  exports: [ShedsRepository, ShedViewsService],
})
export class ShedViewsModule {}
