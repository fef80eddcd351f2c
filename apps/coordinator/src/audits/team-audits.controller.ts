import { Controller, Get, Query } from '@nestjs/common';
import type { HolderAudits, Page, PageQuery } from '#libs/contracts';
import { holderAudits, pageOf, pageQuery } from '#libs/contracts';
import { People } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { DeviceAuditsService } from './device-audits.service.ts';

@Controller('audits')
export class TeamAuditsController {
  constructor(private readonly audits: DeviceAuditsService) {}

  @Get()
  @People()
  @Answers(
    200,
    pageOf(holderAudits),
    'What audits say of every device that holds packs, those first that need a look; `search` looks at the name.',
  )
  page(@Query({ schema: pageQuery }) query: PageQuery): Promise<Page<HolderAudits>> {
    return this.audits.page(query);
  }
}
