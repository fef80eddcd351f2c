import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import type { DeviceAudits, PageQuery, ReleaseHolder } from '#libs/contracts';
import { deviceAudits, deviceId, pageQuery, releaseHolder } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { AuditRequestsService } from './audit-requests.service.ts';
import { DeviceAuditsService } from './device-audits.service.ts';

@Controller('devices/:deviceId/audits')
export class DeviceAuditsController {
  constructor(
    private readonly audits: DeviceAuditsService,
    private readonly requests: AuditRequestsService,
  ) {}

  @Get()
  @People()
  @Answers(
    200,
    deviceAudits,
    'How a device keeps what it holds: its record, the last 30 days, and what happened, with causes, newest first.',
  )
  of(@Param('deviceId', { schema: deviceId }) id: DeviceId, @Query({ schema: pageQuery }) query: PageQuery): Promise<DeviceAudits> {
    return this.audits.of(id, query);
  }

  @Post()
  @People('owner', 'admin')
  @Answers(204, null, 'Has the device prove everything that it holds, and read all of it, as soon as it can.')
  async now(@Param('deviceId', { schema: deviceId }) id: DeviceId, @Person() person: CurrentPerson): Promise<void> {
    await this.requests.auditNow(id, person);
  }

  @Post('release')
  @People('owner', 'admin')
  @Answers(204, null, 'Believes a quarantined device again: what it holds counts, unless a pack of it failed by itself.')
  async release(
    @Param('deviceId', { schema: deviceId }) id: DeviceId,
    @Body({ schema: releaseHolder }) body: ReleaseHolder,
    @Person() person: CurrentPerson,
  ): Promise<void> {
    await this.requests.release(id, body.note, person);
  }
}
