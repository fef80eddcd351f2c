import { Controller, Get } from '@nestjs/common';
import type { BundleView, SignedStatement } from '#libs/contracts';
import { bundleView, signedStatement } from '#libs/contracts';
import { Agent, People } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { BundleKeepersService } from './bundle-keepers.service.ts';

@Controller()
export class BundleController {
  constructor(private readonly keepers: BundleKeepersService) {}

  @Get('bundle')
  @People()
  @Answers(200, bundleView, 'Whether the coordinator’s own disk may burn: who keeps what a new one would need, and from when it is.')
  view(): Promise<BundleView> {
    return this.keepers.view();
  }

  @Get('bundle/file')
  @People('owner', 'admin')
  @Answers(200, signedStatement, 'The newest bundle as a file to put away. Only the team’s recovery kit opens it.')
  file(): Promise<SignedStatement> {
    return this.keepers.statement();
  }

  @Get('agent/bundle')
  @Agent()
  @Answers(
    200,
    signedStatement,
    'The newest bundle, for a device that was asked to keep it: a statement `bundle` signed by the coordinator’s key.',
  )
  newest(): Promise<SignedStatement> {
    return this.keepers.statement();
  }
}
