import { Injectable } from '@nestjs/common';
import type { SignedStatement } from '#libs/contracts';
import { CoordinatorError } from '../errors.ts';
import type { TeamEntity } from './team.entity.ts';
import { TeamRepository } from './team.repository.ts';

export type Team = Readonly<Omit<TeamEntity, 'id'>>;

/** Which team this coordinator serves, once it was set up. */
@Injectable()
export class TeamService {
  constructor(private readonly teams: TeamRepository) {}

  find(): Promise<Team | null> {
    return this.teams.find();
  }

  /** A new certificate for the coordinator's key, checked by the caller. Joins the caller's transaction. Throws `setup_needed`. */
  async renew(coordinator: SignedStatement): Promise<void> {
    const { document } = await this.get();
    await this.teams.setDocument({ ...document, coordinator });
  }

  /** Throws `setup_needed` before the first start was completed. */
  async get(): Promise<Team> {
    const team = await this.teams.find();
    if (!team) {
      throw new CoordinatorError('setup_needed', 'This coordinator has not been set up yet.', {
        nextStep: 'Open the set-up link that it printed when it started.',
      });
    }
    return team;
  }

  found(team: Team): Promise<void> {
    return this.teams.insert(team);
  }
}
