import { Module } from '@nestjs/common';
import { PresenceModule } from '../presence/presence.module.ts';
import { JobsRepository } from './jobs.repository.ts';
import { JobsService } from './jobs.service.ts';

@Module({ imports: [PresenceModule], providers: [JobsRepository, JobsService], exports: [JobsService] })
export class JobsModule {}
