import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { JobsModule } from '../jobs/jobs.module.ts';
import { SnapshotsModule } from '../snapshots/snapshots.module.ts';
import { RestoreRequestsService } from './restore-requests.service.ts';
import { RestoresController } from './restores.controller.ts';
import { RestoresRepository } from './restores.repository.ts';
import { RestoresService } from './restores.service.ts';

@Module({
  imports: [DevicesModule, JobsModule, SnapshotsModule],
  controllers: [RestoresController],
  providers: [RestoresRepository, RestoresService, RestoreRequestsService],
  exports: [RestoresService],
})
export class RestoresModule {}
