import { Module } from '@nestjs/common';
import { PacksModule } from '../packs/packs.module.ts';
import { ReplicasModule } from '../replicas/replicas.module.ts';
import { RestoresModule } from '../restores/restores.module.ts';
import { JobReportsService } from './job-reports.service.ts';
import { JobsController } from './jobs.controller.ts';
import { JobsModule } from './jobs.module.ts';

/** The half of jobs that knows what they are for; the queue itself is in `JobsModule`, below replicas and restores. */
@Module({
  imports: [JobsModule, PacksModule, ReplicasModule, RestoresModule],
  controllers: [JobsController],
  providers: [JobReportsService],
  exports: [JobReportsService],
})
export class JobReportsModule {}
