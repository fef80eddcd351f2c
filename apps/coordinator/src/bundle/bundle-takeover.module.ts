import { Module } from '@nestjs/common';
import { MemoriesRepository } from '../rebuild/memories.repository.ts';
import { BundlesRepository } from './bundles.repository.ts';
import { TakeoverService } from './takeover.service.ts';
import { TeamTablesRepository } from './team-tables.repository.ts';

/** What puts a lost coordinator back, on a database and nothing else: no key, no server, no schedule. */
@Module({ providers: [BundlesRepository, TeamTablesRepository, MemoriesRepository, TakeoverService] })
export class BundleTakeoverModule {}
