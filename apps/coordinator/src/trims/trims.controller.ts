import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { Page, PageQuery, TrimView } from '#libs/contracts';
import { pageOf, pageQuery, trimView } from '#libs/contracts';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { TrimHoldsService } from './trim-holds.service.ts';
import { TrimViewsService } from './trim-views.service.ts';

const newestFirst = pageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc') });

@Controller('trims')
export class TrimsController {
  constructor(
    private readonly views: TrimViewsService,
    private readonly holds: TrimHoldsService,
  ) {}

  @Get()
  @People()
  @Answers(200, pageOf(trimView), 'Copies beyond what is wanted that holders let go, newest first.')
  page(@Query({ schema: newestFirst }) query: PageQuery): Promise<Page<TrimView>> {
    return this.views.page(query);
  }

  @Post(':releaseId/cancel')
  @People('owner', 'admin')
  @Answers(204, null, 'The holder keeps these packs, and they count again. Leaves a line in the audit log.')
  async cancel(@Param('releaseId', { schema: z.uuid() }) releaseId: string, @Person() person: CurrentPerson): Promise<void> {
    await this.holds.cancel(releaseId, person);
  }
}
