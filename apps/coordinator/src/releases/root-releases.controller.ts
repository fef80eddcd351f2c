import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import type { ReleaseView, RootReleasePlan, SubmitRelease } from '#libs/contracts';
import { deviceId, releaseView, rootReleasePlan, submitRelease } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { LargeBody } from '../http/large-body.decorator.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { RootReleasePlansService } from './root-release-plans.service.ts';
import { RootReleasesService } from './root-releases.service.ts';

const id = { schema: deviceId };

@Controller('devices/:deviceId/root-release')
export class RootReleasesController {
  constructor(
    private readonly plans: RootReleasePlansService,
    private readonly releases: RootReleasesService,
  ) {}

  @Get()
  @People('owner', 'admin')
  @Answers(200, rootReleasePlan, 'What giving up the vault of a revoked or lost device comes to, and what the team root would sign for it.')
  plan(@Param('deviceId', id) device: DeviceId): Promise<RootReleasePlan> {
    return this.plans.of(device);
  }

  @Post()
  @People('owner', 'admin')
  @LargeBody()
  @Answers(
    200,
    releaseView,
    'A revoked or lost device’s vault is given up: a statement `root-release`, signed with the recovery kit. Its hold begins; until that is over it can be cancelled. Leaves lines in the audit log.',
  )
  submit(
    @Param('deviceId', id) device: DeviceId,
    @Body({ schema: submitRelease }) body: SubmitRelease,
    @Person() person: CurrentPerson,
  ): Promise<ReleaseView> {
    return this.releases.submit(device, body.release, person);
  }
}
