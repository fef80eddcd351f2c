import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import type { DeviceDetail, DeviceSummary, Page, PageQuery } from '#libs/contracts';
import { deviceDetail, deviceId, deviceSummary, pageOf, pageQuery } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { BackupRequestsService } from './backup-requests.service.ts';
import { DeviceDetailsService } from './device-details.service.ts';
import { DeviceSummariesService } from './device-summaries.service.ts';

@Controller('devices')
export class DevicesController {
  constructor(
    private readonly summaries: DeviceSummariesService,
    private readonly details: DeviceDetailsService,
    private readonly backups: BackupRequestsService,
  ) {}

  @Get()
  @People()
  @Answers(
    200,
    pageOf(deviceSummary),
    'Devices with their state in words; `sort` takes any field, `search` looks at name, site, system, state and id.',
  )
  page(@Query({ schema: pageQuery }) query: PageQuery): Promise<Page<DeviceSummary>> {
    return this.summaries.page(query);
  }

  @Get(':deviceId')
  @People()
  @Answers(200, deviceDetail, 'One device with its newest runs and snapshots.')
  detail(@Param('deviceId', { schema: deviceId }) id: DeviceId): Promise<DeviceDetail> {
    return this.details.of(id);
  }

  @Post(':deviceId/backup')
  @People('owner', 'admin')
  @Answers(204, null, 'Asks the device for a backup, as soon as it is awake.')
  async backup(@Param('deviceId', { schema: deviceId }) id: DeviceId, @Person() person: CurrentPerson): Promise<void> {
    await this.backups.request(id, person);
  }
}
