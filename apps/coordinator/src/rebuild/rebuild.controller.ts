import { Controller, Get, Post } from '@nestjs/common';
import type { RebuildView } from '#libs/contracts';
import { rebuildView } from '#libs/contracts';
import type { CurrentPerson } from '../access/access.decorators.ts';
import { People, Person } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { RebuildEndService } from './rebuild-end.service.ts';
import { RebuildStateService } from './rebuild-state.service.ts';

@Controller('rebuild')
export class RebuildController {
  constructor(
    private readonly state: RebuildStateService,
    private readonly ending: RebuildEndService,
  ) {}

  @Get()
  @People()
  @Answers(
    200,
    rebuildView,
    'Whether the coordinator is getting its memory back after its database was lost or put back, and who has not reported.',
  )
  view(): Promise<RebuildView> {
    return this.state.view();
  }

  @Post('go')
  @People('owner', 'admin')
  @Answers(204, null, 'Repair, releases and trims go on without those that have not reported. Leaves a line in the audit log. Idempotent.')
  async go(@Person() person: CurrentPerson): Promise<void> {
    await this.ending.go(person);
  }
}
