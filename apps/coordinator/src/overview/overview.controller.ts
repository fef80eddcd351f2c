import { Controller, Get } from '@nestjs/common';
import type { Overview } from '#libs/contracts';
import { overview } from '#libs/contracts';
import { People } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { OverviewService } from './overview.service.ts';

@Controller('overview')
@People()
export class OverviewController {
  constructor(private readonly service: OverviewService) {}

  @Get()
  @Answers(200, overview, 'Whether everyone is protected; if not, why and what to do next.')
  overview(): Promise<Overview> {
    return this.service.overview();
  }
}
