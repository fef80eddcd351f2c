import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import type { Job, JobReport } from '#libs/contracts';
import { job, jobReport } from '#libs/contracts';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { JobReportsService } from './job-reports.service.ts';
import { JobsService } from './jobs.service.ts';

@Controller('agent/jobs')
@Agent()
export class JobsController {
  constructor(
    private readonly jobs: JobsService,
    private readonly reports: JobReportsService,
  ) {}

  @Get()
  @Answers(200, z.array(job), 'What this device has to do: open jobs, and those that it took and has not ended.')
  due(@Device() device: CurrentAgent): Promise<Job[]> {
    return this.jobs.due(device.deviceId);
  }

  @Post(':jobId')
  @Answers(204, null, 'Takes a job, renews its lease with progress, or ends it. May be repeated.')
  async report(
    @Param('jobId', { schema: z.uuid() }) jobId: string,
    @Body({ schema: jobReport }) body: JobReport,
    @Device() device: CurrentAgent,
  ): Promise<void> {
    await this.reports.report(device.deviceId, jobId, body);
  }
}
