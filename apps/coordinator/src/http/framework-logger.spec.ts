import type { LogLevel } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { FrameworkLogger } from './framework-logger.ts';

const levels = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const satisfies readonly LogLevel[];

describe('the logger that Nest writes to', () => {
  const lines: unknown[][] = [];
  const at =
    (level: LogLevel) =>
    (...line: unknown[]) =>
      void lines.push([level, ...line]);
  const logger = new FrameworkLogger({
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    log: at('log'),
    debug: at('debug'),
    verbose: at('verbose'),
  });

  it.each(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication'])(
    'writes what %s says at the start for debugging, and its warnings as warnings',
    (context) => {
      lines.length = 0;
      for (const level of levels) logger[level]('message', context);
      expect(lines.map(([level]) => level)).toEqual(['fatal', 'error', 'warn', 'debug', 'debug', 'verbose']);
    },
  );

  it.each(levels)('leaves what the coordinator itself says at level %s as it is', (level) => {
    lines.length = 0;
    logger[level]({ packs: 2 }, 'RouterExplorer is only mentioned', 'placement');
    logger[level]('no context');
    expect(lines).toEqual([
      [level, { packs: 2 }, 'RouterExplorer is only mentioned', 'placement'],
      [level, 'no context'],
    ]);
  });
});
