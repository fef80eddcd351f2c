import { Body, Controller, Get, Param, Post, Put } from '@nestjs/common';
import type { DrainProgress, SetAway } from '#libs/contracts';
import { deviceId, drainProgress, setAway } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { DeviceDecisionsService } from './device-decisions.service.ts';
import { DrainProgressService } from './drain-progress.service.ts';

const id = { schema: deviceId };

@Controller('devices/:deviceId')
export class DeviceDecisionsController {
  constructor(
    private readonly decisions: DeviceDecisionsService,
    private readonly drains: DrainProgressService,
  ) {}

  @Post('drain')
  @People('owner', 'admin')
  @Answers(204, null, 'A leaver: its packs are copied to others first. Revoke it when they are.')
  drain(@Param('deviceId', id) device: DeviceId, @Person() person: CurrentPerson): Promise<void> {
    return this.decisions.drain(device, person);
  }

  @Get('drain')
  @People()
  @Answers(200, drainProgress, 'How many of its packs would have too few copies without it.')
  progress(@Param('deviceId', id) device: DeviceId): Promise<DrainProgress> {
    return this.drains.of(device);
  }

  @Post('lost')
  @People('owner', 'admin')
  @Answers(204, null, 'It will not come back: what it held counts for nothing from now on. It stays a member and may be re-activated.')
  lost(@Param('deviceId', id) device: DeviceId, @Person() person: CurrentPerson): Promise<void> {
    return this.decisions.markLost(device, person);
  }

  @Put('away')
  @People('owner', 'admin')
  @Answers(204, null, 'It is away until then and no worse than overdue; null: no longer.')
  away(@Param('deviceId', id) device: DeviceId, @Body({ schema: setAway }) body: SetAway, @Person() person: CurrentPerson): Promise<void> {
    return this.decisions.setAway(device, body.untilMs, person);
  }

  @Post('reactivate')
  @People('owner', 'admin')
  @Answers(204, null, 'Takes “draining” or “lost” back: it is judged by the clock again, and what it holds is counted when it shows it.')
  reactivate(@Param('deviceId', id) device: DeviceId, @Person() person: CurrentPerson): Promise<void> {
    return this.decisions.reactivate(device, person);
  }
}
