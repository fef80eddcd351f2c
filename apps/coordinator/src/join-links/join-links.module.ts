import { Module } from '@nestjs/common';
import { TeamModule } from '../team/team.module.ts';
import { JoinLinksController } from './join-links.controller.ts';
import { JoinLinksRepository } from './join-links.repository.ts';
import { JoinLinksService } from './join-links.service.ts';

@Module({
  imports: [TeamModule],
  controllers: [JoinLinksController],
  providers: [JoinLinksRepository, JoinLinksService],
  exports: [JoinLinksService],
})
export class JoinLinksModule {}
