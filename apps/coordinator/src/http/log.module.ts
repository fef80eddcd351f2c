import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { logOptions } from './log-options.ts';

/** Structured logs, one line a request, with its id. */
@Module({})
export class LogModule {
  static register({ logs }: CoordinatorConfig): DynamicModule {
    // Fastify routes nothing to middleware unless it is told what.
    const imports = [LoggerModule.forRoot({ forRoutes: ['*path'], pinoHttp: logOptions(logs.level) })];
    return { module: LogModule, imports };
  }
}
