import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import { Anyone } from '../access/access.decorators.ts';
import { Database } from '../database/database.ts';
import { CoordinatorError } from '../errors.ts';
import { Answers } from '../openapi/openapi.decorators.ts';

const health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' });

/** For supervisors and load balancers, which have no credentials: tells nothing but yes or no. */
@Controller()
@Anyone()
export class HealthController {
  constructor(private readonly database: Database) {}

  @Get('healthz')
  @Answers(200, health, 'The process runs and answers.')
  healthy(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Answers(200, health, 'The database answers too: requests can be served.')
  async ready(): Promise<{ status: 'ok' }> {
    try {
      await this.database.ping();
    } catch (cause) {
      throw new CoordinatorError('not_ready', 'The database does not answer.', { status: 'temporary', cause });
    }
    return { status: 'ok' };
  }
}
