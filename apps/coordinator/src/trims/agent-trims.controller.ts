import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import type { HeldReleases, ReleaseDeleted, ReleaseStatements, SignedStatement, SubmitTrim, WantedTrims } from '#libs/contracts';
import { confirmRelease, heldReleases, releaseDeleted, releaseStatements, signedStatement, submitTrim, wantedTrims } from '#libs/contracts';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device } from '../access/access.decorators.ts';
import { LargeBody } from '../http/large-body.decorator.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { TrimHoldsService } from './trim-holds.service.ts';
import { TrimIntakeService } from './trim-intake.service.ts';

const id = { schema: z.uuid() };

@Controller('agent/trims')
@Agent()
export class AgentTrimsController {
  constructor(
    private readonly intake: TrimIntakeService,
    private readonly holds: TrimHoldsService,
  ) {}

  @Get('wanted')
  @Answers(200, wantedTrims, 'Copies of this device’s packs that are too many. The device signs for those that it finds so itself.')
  wanted(@Device() device: CurrentAgent): Promise<WantedTrims> {
    return this.intake.wanted(device.deviceId);
  }

  @Post()
  @LargeBody()
  @Answers(204, null, 'Leave for one holder to let packs go, signed by their owner. Idempotent by the statement.')
  async submit(@Body({ schema: submitTrim }) body: SubmitTrim, @Device() device: CurrentAgent): Promise<void> {
    await this.intake.submit(device.deviceId, body.trim);
  }

  @Get('held')
  @Answers(200, heldReleases, 'Trims of packs that this device keeps for others.')
  held(@Device() device: CurrentAgent): Promise<HeldReleases> {
    return this.holds.of(device.deviceId);
  }

  @Get(':releaseId')
  @Answers(200, releaseStatements, 'The signed statements of a trim that is meant for this device.')
  statements(@Param('releaseId', id) releaseId: string, @Device() device: CurrentAgent): Promise<ReleaseStatements> {
    return this.holds.statements(device.deviceId, releaseId);
  }

  @Post(':releaseId/confirm')
  @Answers(200, signedStatement, 'When the hold is over: which packs may still go, signed for this device and its nonce.')
  confirm(
    @Param('releaseId', id) releaseId: string,
    @Body({ schema: confirmRelease }) body: z.infer<typeof confirmRelease>,
    @Device() device: CurrentAgent,
  ): Promise<SignedStatement> {
    return this.holds.confirm(device.deviceId, releaseId, body.nonce);
  }

  @Post(':releaseId/deleted')
  @Answers(204, null, 'Packs that this device deleted after its hold. Idempotent.')
  async deleted(
    @Param('releaseId', id) releaseId: string,
    @Body({ schema: releaseDeleted }) body: ReleaseDeleted,
    @Device() device: CurrentAgent,
  ): Promise<void> {
    await this.holds.deleted(device.deviceId, releaseId, body.packIds);
  }
}
