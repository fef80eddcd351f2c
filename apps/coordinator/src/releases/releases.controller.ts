import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import { z } from 'zod';
import type { KeptHead, Page, ReleaseView, RetentionView } from '#libs/contracts';
import { deviceId, keptHead, pageOf, pageQuery, pinSnapshot, releaseState, releaseView, retentionView, vaultId } from '#libs/contracts';
import type { DeviceId, VaultId } from '#libs/kernel';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { SnapshotPinsService } from '../snapshots/snapshot-pins.service.ts';
import { SnapshotRetentionService } from '../snapshots/snapshot-retention.service.ts';
import { KeptHeadsService } from '../vaults/kept-heads.service.ts';
import { ReleaseDecisionsService } from './release-decisions.service.ts';
import { ReleaseViewsService } from './release-views.service.ts';

const releaseQuery = pageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc'), state: releaseState.optional() });
const headBytes = z.strictObject({ head: z.string() }).meta({ id: 'KeptHeadBytes' });
const headSequence = z.coerce.number().int().min(0);

@Controller()
export class ReleasesController {
  constructor(
    private readonly decisions: ReleaseDecisionsService,
    private readonly views: ReleaseViewsService,
    private readonly heads: KeptHeadsService,
    private readonly pins: SnapshotPinsService,
    private readonly retention: SnapshotRetentionService,
  ) {}

  @Get('releases')
  @People()
  @Answers(200, pageOf(releaseView), 'What owners want deleted, newest first: waiting for a person, in hold, cancelled, done.')
  page(@Query({ schema: releaseQuery }) query: z.infer<typeof releaseQuery>): Promise<Page<ReleaseView>> {
    const { state, ...page } = query;
    return this.views.page(page, state);
  }

  @Get('releases/:releaseId')
  @People()
  @Answers(200, releaseView, 'One release.')
  async get(@Param('releaseId', { schema: z.uuid() }) releaseId: string): Promise<ReleaseView> {
    return this.views.view(await this.decisions.get(releaseId));
  }

  @Post('releases/:releaseId/approve')
  @People('owner', 'admin')
  @Answers(204, null, 'An unusual release is meant: its hold begins now. Leaves a line in the audit log.')
  approve(@Param('releaseId', { schema: z.uuid() }) releaseId: string, @Person() person: CurrentPerson): Promise<void> {
    return this.decisions.approve(releaseId, person);
  }

  @Post('releases/:releaseId/cancel')
  @People('owner', 'admin')
  @Answers(
    204,
    null,
    'Nothing of it is deleted any more, for good; snapshots that the device dropped come back. Leaves a line in the audit log.',
  )
  cancel(@Param('releaseId', { schema: z.uuid() }) releaseId: string, @Person() person: CurrentPerson): Promise<void> {
    return this.decisions.cancel(releaseId, person);
  }

  @Put('snapshots/:snapshotId/pin')
  @People('owner', 'admin')
  @Answers(204, null, 'Keeps a snapshot whatever the retention rules say, or no longer. Leaves a line in the audit log.')
  pin(
    @Param('snapshotId', { schema: z.uuid() }) snapshotId: string,
    @Body({ schema: pinSnapshot }) body: z.infer<typeof pinSnapshot>,
    @Person() person: CurrentPerson,
  ): Promise<void> {
    return this.pins.set(snapshotId, body.pinned, person);
  }

  @Get('devices/:deviceId/retention')
  @People()
  @Answers(200, retentionView, 'Which snapshots the retention rules keep and why, by the time of their receipt here.')
  retained(@Param('deviceId', { schema: deviceId }) id: DeviceId): Promise<RetentionView> {
    return this.retention.of(id);
  }

  @Get('vaults/:vaultId/heads')
  @People('owner', 'admin', 'restore-operator')
  @Answers(200, z.array(keptHead), 'Heads that were replaced by one that drops snapshots or moves their packs, newest first.')
  keptHeads(@Param('vaultId', { schema: vaultId }) id: VaultId): Promise<KeptHead[]> {
    return this.heads.list(id);
  }

  @Get('vaults/:vaultId/heads/:headSequence')
  @People('owner', 'admin', 'restore-operator')
  @Answers(200, headBytes, 'A replaced head as stored: a reader opens what holders still keep with it.')
  async keptHead(
    @Param('vaultId', { schema: vaultId }) id: VaultId,
    @Param('headSequence', { schema: headSequence }) sequence: number,
  ): Promise<z.infer<typeof headBytes>> {
    return { head: await this.heads.get(id, sequence) };
  }
}
