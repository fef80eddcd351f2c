import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { TeamEntity } from './team.entity.ts';

@Injectable()
export class TeamRepository {
  constructor(private readonly database: Database) {}

  find(): Promise<TeamEntity | null> {
    return this.database.read.findOneBy(TeamEntity, { id: 1 });
  }

  async setDocument(document: TeamEntity['document']): Promise<void> {
    await this.database.write((manager) => manager.update(TeamEntity, { id: 1 }, { document }));
  }

  async insert(team: Omit<TeamEntity, 'id'>): Promise<void> {
    await this.database.write((manager) => manager.insert(TeamEntity, { ...team, id: 1 }));
  }
}
