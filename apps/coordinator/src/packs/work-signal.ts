import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';

/**
 * "There is something to plan": announced packs, a finished job, a device that woke. Says nothing more, since the planner looks
 * for itself; raised inside a transaction, it is heard once that is committed.
 */
@Injectable()
export class WorkSignal {
  readonly #listeners: (() => void)[] = [];

  constructor(private readonly database: Database) {}

  raise(): void {
    this.database.afterCommit(() => this.#listeners.forEach((listener) => listener()));
  }

  onRaised(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
