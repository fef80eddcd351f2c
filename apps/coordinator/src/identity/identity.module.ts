import { Global, Module } from '@nestjs/common';
import type { RandomSource } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { dataFolder } from '../config/load-config.ts';
import { RANDOM } from '../ports/ports.module.ts';
import { CoordinatorIdentity } from './coordinator-identity.ts';

@Global()
@Module({
  providers: [
    {
      provide: CoordinatorIdentity,
      inject: [CONFIG, RANDOM],
      useFactory: (config: CoordinatorConfig, random: RandomSource) => CoordinatorIdentity.open(dataFolder(config), random),
    },
  ],
  exports: [CoordinatorIdentity],
})
export class IdentityModule {}
