import { Body, Controller, Post } from '@nestjs/common';
import type { ReportedAll, ReturnReceipts, ReturnRoster, ReturnSnapshots } from '#libs/contracts';
import { reportedAll, returnReceipts, returnRoster, returnSnapshots } from '#libs/contracts';
import type { CurrentAgent } from '../access/access.decorators.ts';
import { Agent, Device } from '../access/access.decorators.ts';
import { LargeBody } from '../http/large-body.decorator.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { RebuildEndService } from './rebuild-end.service.ts';
import { RebuildReportsService } from './rebuild-reports.service.ts';
import { RebuildRosterService } from './rebuild-roster.service.ts';

@Controller('agent/rebuild')
@Agent()
export class AgentRebuildController {
  constructor(
    private readonly reports: RebuildReportsService,
    private readonly rosters: RebuildRosterService,
    private readonly ending: RebuildEndService,
  ) {}

  @Post('roster')
  @LargeBody()
  @Answers(204, null, 'The newest roster that this device has, after the coordinator was put back to an older copy of its database.')
  async roster(@Body({ schema: returnRoster }) body: ReturnRoster): Promise<void> {
    await this.rosters.take(body.roster);
  }

  @Post('snapshots')
  @LargeBody()
  @Answers(204, null, 'Snapshots that the vault’s newest head lists, told again. Those that are known only say what they need now.')
  async snapshots(@Body({ schema: returnSnapshots }) body: ReturnSnapshots, @Device() device: CurrentAgent): Promise<void> {
    await this.reports.snapshots(device.deviceId, body);
  }

  @Post('receipts')
  @LargeBody()
  @Answers(
    204,
    null,
    'Receipts for this device’s packs, handed back. Each is believed for its holder’s signature; unknown packs are passed over.',
  )
  async receipts(@Body({ schema: returnReceipts }) body: ReturnReceipts, @Device() device: CurrentAgent): Promise<void> {
    await this.reports.receipts(device.deviceId, body);
  }

  @Post('done')
  @Answers(204, null, 'This device has told everything that it knows, for the memory that it was asked for. Idempotent.')
  async done(@Body({ schema: reportedAll }) body: ReportedAll, @Device() device: CurrentAgent): Promise<void> {
    await this.ending.reported(device.deviceId, body.memoryId);
  }
}
