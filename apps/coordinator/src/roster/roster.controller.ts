import { Controller, Get, Param, Post } from '@nestjs/common';
import type { SignedStatement } from '#libs/contracts';
import { deviceId as deviceIdSchema, signedStatement } from '#libs/contracts';
import type { DeviceId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { Agent, People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { RevocationService } from './revocation.service.ts';
import { RosterService } from './roster.service.ts';

@Controller()
export class RosterController {
  constructor(
    private readonly roster: RosterService,
    private readonly revocation: RevocationService,
  ) {}

  @Get('agent/roster')
  @Agent()
  @Answers(200, signedStatement, 'The newest roster, a statement `roster` signed by the coordinator’s key.')
  newest(): Promise<SignedStatement> {
    return this.roster.statement();
  }

  @Post('devices/:deviceId/revoke')
  @People('owner', 'admin')
  @Answers(204, null, 'Takes a device out of the team for good; what it holds counts for nothing from now on.')
  revoke(@Param('deviceId', { schema: deviceIdSchema }) deviceId: DeviceId, @Person() person: CurrentPerson): Promise<void> {
    return this.revocation.revoke(deviceId, person);
  }
}
