import { Body, Controller, Get, Param, Post, Put } from '@nestjs/common';
import { z } from 'zod';
import type {
  HeldReleases,
  OwnRelease,
  OwnReleases,
  PutVaultHead,
  ReleaseDeleted,
  ReleaseStatements,
  RetentionView,
  SignedStatement,
  SubmitRelease,
} from '#libs/contracts';
import {
  confirmRelease,
  heldReleases,
  ownRelease,
  ownReleases,
  putVaultHead,
  releaseDeleted,
  releaseStatements,
  retentionView,
  signedStatement,
  submitRelease,
} from '#libs/contracts';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device } from '../access/access.decorators.ts';
import { LargeBody } from '../http/large-body.decorator.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { SnapshotRetentionService } from '../snapshots/snapshot-retention.service.ts';
import { NewHeadsService } from './new-heads.service.ts';
import { ReleaseHoldsService } from './release-holds.service.ts';
import { ReleaseIntakeService } from './release-intake.service.ts';
import { ReleaseViewsService } from './release-views.service.ts';

const releaseId = z.uuid();

@Controller('agent')
@Agent()
export class AgentReleasesController {
  constructor(
    private readonly intake: ReleaseIntakeService,
    private readonly holds: ReleaseHoldsService,
    private readonly views: ReleaseViewsService,
    private readonly heads: NewHeadsService,
    private readonly retention: SnapshotRetentionService,
  ) {}

  @Put('vault/head')
  @LargeBody()
  @Answers(204, null, 'A head without a new snapshot: after forget or prune. Idempotent; the head before it is kept.')
  async putHead(@Body({ schema: putVaultHead }) body: PutVaultHead, @Device() device: CurrentAgent): Promise<void> {
    await this.heads.take(device.deviceId, body);
  }

  @Get('retention')
  @Answers(200, retentionView, 'Which of the device’s own snapshots the policy keeps and why, by the time of their receipt here.')
  retained(@Device() device: CurrentAgent): Promise<RetentionView> {
    return this.retention.of(device.deviceId);
  }

  @Post('releases')
  @LargeBody()
  @Answers(200, ownRelease, 'Leave to delete packs, signed by their owner. `holding`: accepted. `waiting`: unusual, a person decides.')
  submit(@Body({ schema: submitRelease }) body: SubmitRelease, @Device() device: CurrentAgent): Promise<OwnRelease> {
    return this.intake.submit(device.deviceId, body.release);
  }

  @Get('releases/own')
  @Answers(200, ownReleases, 'What became of the device’s own releases, newest first, and the next number and generation to sign with.')
  own(@Device() device: CurrentAgent): Promise<OwnReleases> {
    return this.views.own(device.deviceId);
  }

  @Get('releases')
  @Answers(200, heldReleases, 'Releases of packs that this device keeps for others.')
  held(@Device() device: CurrentAgent): Promise<HeldReleases> {
    return this.holds.of(device.deviceId);
  }

  @Get('releases/:releaseId')
  @Answers(200, releaseStatements, 'The signed statements of a release that concerns this device.')
  statements(@Param('releaseId', { schema: releaseId }) id: string, @Device() device: CurrentAgent): Promise<ReleaseStatements> {
    return this.holds.statements(device.deviceId, id);
  }

  @Post('releases/:releaseId/confirm')
  @Answers(200, signedStatement, 'When the hold is over: which packs are still released, signed for this device and its nonce.')
  confirm(
    @Param('releaseId', { schema: releaseId }) id: string,
    @Body({ schema: confirmRelease }) body: z.infer<typeof confirmRelease>,
    @Device() device: CurrentAgent,
  ): Promise<SignedStatement> {
    return this.holds.confirm(device.deviceId, id, body.nonce);
  }

  @Post('releases/:releaseId/deleted')
  @LargeBody()
  @Answers(204, null, 'Packs that this device deleted after its hold. Idempotent.')
  async deleted(
    @Param('releaseId', { schema: releaseId }) id: string,
    @Body({ schema: releaseDeleted }) body: ReleaseDeleted,
    @Device() device: CurrentAgent,
  ): Promise<void> {
    await this.holds.deleted(device.deviceId, id, body.packIds);
  }
}
