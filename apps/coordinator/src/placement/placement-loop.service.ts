import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { WorkSignal } from '../packs/work-signal.ts';
import { PLAN_SIZE, PlacementService } from './placement.service.ts';

/** Plans whenever there is something to plan: one run at a time, and one more when it was asked for meanwhile. */
@Injectable()
export class PlacementLoopService implements OnModuleInit, BeforeApplicationShutdown {
  readonly #log = new Logger('placement');
  #running: Promise<void> | undefined;
  #again = false;
  #stopping = false;

  constructor(
    private readonly placement: PlacementService,
    private readonly signal: WorkSignal,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.signal.onRaised(() => this.kick());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  kick(): void {
    if (this.#stopping) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Resolves when nothing more can be planned for now. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Whoever raised the signal answers its caller first.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#again && !this.#stopping) {
      this.#again = false;
      try {
        await this.#untilNothingMoves();
      } catch (error) {
        // The sweep tries again.
        this.#log.error({ err: error }, 'placement failed');
      }
    }
  }

  async #untilNothingMoves(): Promise<void> {
    while (!this.#stopping) {
      const { looked, assigned, parked } = await this.database.write(() => this.placement.placeSome());
      if (looked < PLAN_SIZE || assigned + parked === 0) return;
    }
  }
}
