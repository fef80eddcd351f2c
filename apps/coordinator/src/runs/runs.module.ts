import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.ts';
import { RunRetentionService } from './run-retention.service.ts';
import { RunsController } from './runs.controller.ts';
import { RunsRepository } from './runs.repository.ts';
import { RunsService } from './runs.service.ts';

@Module({
  imports: [DevicesModule],
  controllers: [RunsController],
  providers: [RunsRepository, RunsService, RunRetentionService],
  exports: [RunsService],
})
export class RunsModule {}
