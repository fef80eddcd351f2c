import { Global, Module } from '@nestjs/common';
import { ScheduleLeasesRepository } from './schedule-leases.repository.ts';
import { SchedulesService } from './schedules.service.ts';

@Global()
@Module({ providers: [ScheduleLeasesRepository, SchedulesService], exports: [SchedulesService] })
export class SchedulesModule {}
