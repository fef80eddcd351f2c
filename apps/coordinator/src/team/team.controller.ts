import { Controller, Get } from '@nestjs/common';
import type { TeamDocument } from '#libs/contracts';
import { teamDocument } from '#libs/contracts';
import { People } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { TeamService } from './team.service.ts';

@Controller('team')
export class TeamController {
  constructor(private readonly teams: TeamService) {}

  @Get()
  @People()
  @Answers(200, teamDocument, 'The team and this coordinator’s certificate, as its root signed them.')
  async document(): Promise<TeamDocument> {
    return (await this.teams.get()).document;
  }
}
