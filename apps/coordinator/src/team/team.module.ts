import { Module } from '@nestjs/common';
import { TeamController } from './team.controller.ts';
import { TeamRepository } from './team.repository.ts';
import { TeamService } from './team.service.ts';

@Module({ controllers: [TeamController], providers: [TeamRepository, TeamService], exports: [TeamService] })
export class TeamModule {}
