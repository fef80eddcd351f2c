import { Controller, Get } from '@nestjs/common';
import type { TeamDocument } from '#libs/contracts';
import { teamDocument } from '#libs/contracts';
import { Anyone } from '../access/access.decorators.ts';
import { Answers } from '../openapi/openapi.decorators.ts';
import { TeamService } from './team.service.ts';

@Controller('team')
export class TeamController {
  constructor(private readonly teams: TeamService) {}

  /**
   * Open: a joining device checks the root key and this connection's certificate against its link's fingerprint before it
   * gives the link's secret away. Both statements are public by nature: every member and every join link carries their keys.
   */
  @Get()
  @Anyone()
  @Answers(200, teamDocument, 'The team and this coordinator’s certificate, as its root signed them.')
  async document(): Promise<TeamDocument> {
    return (await this.teams.get()).document;
  }
}
