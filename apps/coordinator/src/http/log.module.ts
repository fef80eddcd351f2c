import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { CoordinatorConfig } from '../config/config.schema.ts';

/** What must never reach a log, wherever somebody logs a request or a body. */
const REDACTED = [
  'req.headers.authorization',
  'req.headers.cookie',
  'res.headers["set-cookie"]',
  '*.password',
  '*.token',
  '*.ticket',
  '*.secret',
  '*.proof',
  '*.sealedVaultKey',
];

/** Structured logs, one line a request, with its id. */
@Module({})
export class LogModule {
  static register({ logs }: CoordinatorConfig): DynamicModule {
    return {
      module: LogModule,
      imports: [
        LoggerModule.forRoot({
          // Fastify routes nothing to middleware unless it is told what.
          forRoutes: ['*path'],
          pinoHttp: {
            level: logs.level,
            redact: { paths: REDACTED, censor: '[redacted]' },
            genReqId: (request) => (request as { id?: string }).id ?? '',
            customLogLevel: (_request, response, error) =>
              error || response.statusCode >= 500 ? 'error' : response.statusCode >= 400 ? 'info' : 'debug',
            serializers: {
              req: (request: { id: string; method: string; url: string; remoteAddress?: string }) => ({
                id: request.id,
                method: request.method,
                url: request.url.split('?')[0],
                remoteAddress: request.remoteAddress,
              }),
              res: (response: { statusCode: number }) => ({ statusCode: response.statusCode }),
            },
          },
        }),
      ],
    };
  }
}
