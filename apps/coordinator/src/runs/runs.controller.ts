import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { z } from 'zod';
import type { Page, PageQuery, ReportRun, Run } from '#libs/contracts';
import { deviceId, pageOf, pageQuery, reportRun, run } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device, People } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { RunsService } from './runs.service.ts';

const newestFirst = pageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc') });

@Controller()
export class RunsController {
  constructor(private readonly runs: RunsService) {}

  @Put('agent/runs/:runId')
  @Agent()
  @Answers(204, null, 'How a backup run goes; sent again whenever it changed.')
  async report(
    @Param('runId', { schema: z.uuid() }) runId: string,
    @Body({ schema: reportRun }) body: ReportRun,
    @Device() device: CurrentAgent,
  ): Promise<void> {
    await this.runs.report(device.deviceId, runId, body);
  }

  @Get('devices/:deviceId/runs')
  @People()
  @Answers(200, pageOf(run), 'A device’s backup runs, newest first.')
  page(@Param('deviceId', { schema: deviceId }) id: DeviceId, @Query({ schema: newestFirst }) query: PageQuery): Promise<Page<Run>> {
    return this.runs.page(id, query);
  }
}
