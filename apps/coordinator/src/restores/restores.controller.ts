import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { CreateRestore, Page, PageQuery, Restore } from '#libs/contracts';
import { createRestore, pageOf, pageQuery, restore } from '#libs/contracts';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { RestoreRequestsService } from './restore-requests.service.ts';
import { RestoresService } from './restores.service.ts';

const newestFirst = pageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc') });

@Controller('restores')
export class RestoresController {
  constructor(
    private readonly restores: RestoresService,
    private readonly requests: RestoreRequestsService,
  ) {}

  @Post()
  @People('owner', 'admin', 'restore-operator')
  @Answers(201, restore, 'Sends a restore to a device. `sealedVaultKey` is sealed to that device; the coordinator can’t open it.')
  create(@Body({ schema: createRestore }) body: CreateRestore, @Person() person: CurrentPerson): Promise<Restore> {
    return this.requests.create(body, person);
  }

  @Get()
  @People()
  @Answers(200, pageOf(restore), 'Restores, newest first.')
  page(@Query({ schema: newestFirst }) query: PageQuery): Promise<Page<Restore>> {
    return this.restores.page(query);
  }

  @Get(':restoreId')
  @People()
  @Answers(200, restore, 'One restore with its progress.')
  get(@Param('restoreId', { schema: z.uuid() }) restoreId: string): Promise<Restore> {
    return this.restores.get(restoreId);
  }
}
