import type { DynamicModule } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { IdempotencyInterceptor } from './idempotency.interceptor.ts';
import { IdempotencyRepository } from './idempotency.repository.ts';
import { ProblemFilter } from './problem.filter.ts';
import { ServerFacts } from './server-facts.ts';
import { validationPipe } from './validation.pipe.ts';

@Global()
@Module({})
export class HttpModule {
  static register(server: ServerFacts): DynamicModule {
    return {
      module: HttpModule,
      providers: [
        { provide: ServerFacts, useValue: server },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: validationPipe },
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        IdempotencyRepository,
      ],
      exports: [ServerFacts],
    };
  }
}
