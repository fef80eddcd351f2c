import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { CommitSnapshot, Page, PageQuery, Snapshot } from '#libs/contracts';
import { commitSnapshot, deviceId, pageOf, pageQuery, snapshot } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device, People } from '../access/access.decorators.ts';
import { LargeBody } from '../http/large-body.decorator.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { SnapshotViewsService } from './snapshot-views.service.ts';
import { SnapshotsService } from './snapshots.service.ts';

const newestFirst = pageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc') });

@Controller()
export class SnapshotsController {
  constructor(
    private readonly snapshots: SnapshotsService,
    private readonly views: SnapshotViewsService,
  ) {}

  @Post('agent/snapshots')
  @LargeBody()
  @Agent()
  @Answers(204, null, 'A snapshot is complete on its owner’s disk. Idempotent; its sequence must be above every earlier one.')
  async commit(@Body({ schema: commitSnapshot }) body: CommitSnapshot, @Device() device: CurrentAgent): Promise<void> {
    await this.snapshots.commit(device.deviceId, body);
  }

  @Get('devices/:deviceId/snapshots')
  @People()
  @Answers(200, pageOf(snapshot), 'A device’s snapshots, newest first.')
  page(@Param('deviceId', { schema: deviceId }) id: DeviceId, @Query({ schema: newestFirst }) query: PageQuery): Promise<Page<Snapshot>> {
    return this.views.page(id, query);
  }
}
