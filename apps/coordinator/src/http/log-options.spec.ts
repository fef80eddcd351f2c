import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { LoggerOptions } from 'pino';
import { pinoHttp } from 'pino-http';
import { EventEmitter } from 'node:events';
import { QueryFailedError } from 'typeorm';
import { CoordinatorError } from '../errors.ts';
import { logOptions } from './log-options.ts';

function capture(): { lines: Record<string, unknown>[]; stream: Writable } {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { lines, stream };
}

describe('logs', () => {
  it('write a request by its id and path, without query, headers or cookies', () => {
    const { lines, stream } = capture();
    const log = pinoHttp(logOptions('debug'), stream);
    const request = Object.assign(new EventEmitter(), {
      id: 'request-1',
      method: 'GET',
      url: '/api/v1/devices?token=SECRET',
      headers: { cookie: 'SECRET', authorization: 'Bearer SECRET' },
    });
    const response = Object.assign(new EventEmitter(), {
      statusCode: 200,
      writableEnded: true,
      headersSent: true,
      getHeaders: () => ({ 'set-cookie': 'SECRET' }),
    });
    log(request as never, response as never);
    response.emit('finish');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ req: { id: 'request-1', method: 'GET', path: '/api/v1/devices' }, res: { statusCode: 200 } });
    expect(JSON.stringify(lines)).not.toContain('SECRET');
  });

  it('never write what a person or a device is known by', () => {
    const { lines, stream } = capture();
    const log = pino(logOptions('debug') as LoggerOptions, stream);
    const secrets = {
      password: 'SECRET',
      token: 'SECRET',
      ticket: 'SECRET',
      secret: 'SECRET',
      sealedVaultKey: 'SECRET',
      url: 'holdfast://h:1/#SECRET.x',
    };
    log.info({ body: { ...secrets, account: secrets }, name: 'kept' }, 'a careless line');
    expect(JSON.stringify(lines)).not.toContain('SECRET');
    expect(lines[0]).toMatchObject({ name: 'kept' });
  });

  it('write an error with its code and stack, without the parameters of a statement', () => {
    const { lines, stream } = capture();
    const log = pino(logOptions('debug') as LoggerOptions, stream);
    log.error({ err: new QueryFailedError('INSERT INTO accounts VALUES (?)', ['SECRET'], new Error('disk I/O error')) }, 'failed');
    log.error(
      { err: new CoordinatorError('not_ready', 'The database does not answer.', { context: { tries: 2 }, cause: new Error('gone') }) },
      'failed',
    );
    expect(JSON.stringify(lines)).not.toContain('SECRET');
    expect(lines[0]).toMatchObject({
      err: { type: 'QueryFailedError', message: 'disk I/O error', stack: expect.stringContaining('log-options.spec') },
    });
    expect(lines[1]).toMatchObject({ err: { code: 'not_ready', context: { tries: 2 }, cause: 'gone' } });
  });
});
