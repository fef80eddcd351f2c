import type { DynamicModule } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import type { CoordinatorConfig } from './config.schema.ts';

/** `@Inject(CONFIG) config: CoordinatorConfig`. */
export const CONFIG = Symbol('CoordinatorConfig');

@Global()
@Module({})
export class ConfigModule {
  static register(config: CoordinatorConfig): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] };
  }
}
