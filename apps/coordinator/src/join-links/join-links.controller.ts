import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { CreateJoinLink, JoinLink, Page, PageQuery } from '#libs/contracts';
import { createJoinLink, joinLink, pageOf, pageQuery } from '#libs/contracts';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { JoinLinksService } from './join-links.service.ts';

const newestFirst = pageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc') });

@Controller('join-links')
export class JoinLinksController {
  constructor(private readonly links: JoinLinksService) {}

  @Post()
  @People('owner', 'admin')
  @Answers(201, joinLink, 'Makes a join link. Its `url` is only ever in this answer.')
  create(@Body({ schema: createJoinLink }) body: CreateJoinLink, @Person() person: CurrentPerson): Promise<JoinLink> {
    return this.links.create(body, person);
  }

  @Get()
  @People('owner', 'admin', 'auditor')
  @Answers(200, pageOf(joinLink), 'Every join link, newest first, without its secret.')
  page(@Query({ schema: newestFirst }) query: PageQuery): Promise<Page<JoinLink>> {
    return this.links.page(query);
  }

  @Delete(':joinLinkId')
  @People('owner', 'admin')
  @Answers(204, null, 'Withdraws a join link; devices that joined by it stay.')
  revoke(@Param('joinLinkId', { schema: z.uuid() }) joinLinkId: string, @Person() person: CurrentPerson): Promise<void> {
    return this.links.revoke(joinLinkId, person);
  }
}
