import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { RosterVersionEntity } from './roster.entity.ts';

@Injectable()
export class RosterRepository {
  constructor(private readonly database: Database) {}

  /** 0 before the team was founded. */
  async version(): Promise<{ version: number; changedAtMs: number }> {
    const row = await this.database.read.findOneBy(RosterVersionEntity, { id: 1 });
    return row ?? { version: 0, changedAtMs: 0 };
  }

  /** The new version, one higher than any before, `atLeast` included. */
  async next(changedAtMs: number, atLeast = 0): Promise<number> {
    return this.database.write(async (manager) => {
      const version = Math.max((await manager.findOneBy(RosterVersionEntity, { id: 1 }))?.version ?? 0, atLeast) + 1;
      await manager.save(RosterVersionEntity, { id: 1, version, changedAtMs });
      return version;
    });
  }
}
