import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { pino } from 'pino';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { logOptions } from './log-options.ts';

/** Structured logs, one line a request, with its id. */
@Module({})
export class LogModule {
  static register({ logs }: CoordinatorConfig): DynamicModule {
    // Written at once: lines of the start must not land after the set-up link, nor be lost at the end.
    const stream = pino.destination({ sync: true });
    // Fastify routes nothing to middleware unless it is told what.
    const imports = [LoggerModule.forRoot({ forRoutes: ['*path'], pinoHttp: [logOptions(logs.level), stream] })];
    return { module: LogModule, imports };
  }
}
