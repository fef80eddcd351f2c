import { Global, Module } from '@nestjs/common';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { openDataSources } from './data-sources.ts';
import { Database } from './database.ts';

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [CONFIG],
      useFactory: async (config: CoordinatorConfig) => new Database(await openDataSources(config)),
    },
  ],
  exports: [Database],
})
export class DatabaseModule {}
