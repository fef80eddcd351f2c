import { randomUUID } from 'node:crypto';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '#libs/kernel';
import type { CoordinatorConfig } from '../config/config.schema.ts';
import { CONFIG } from '../config/config.module.ts';
import { CLOCK } from '../ports/ports.module.ts';
import { ScheduleLeasesRepository } from './schedule-leases.repository.ts';
import { Timetable } from './timetable.ts';

export interface ScheduledWork {
  /** Kebab-case, unique, stable: it names the lease. */
  readonly name: string;
  /** 5 fields, or 6 with seconds first; UTC. */
  readonly cron: string;
  /** Must stop soon after `signal` aborts. The next run starts only when this one has ended, here and on other coordinators. */
  run(options: { readonly signal: AbortSignal; readonly nowMs: number }): Promise<void>;
}

export type RunOutcome = 'done' | 'failed' | 'busy' | 'stopping';

/**
 * Work that recurs. Each run holds a lease in the database, renewed while it works and given back only when the work has
 * stopped; losing the lease aborts the work. A run that fails is logged and comes again at its next time. Times that were missed (a suspend, a clock
 * that was put ahead) are caught up once.
 */
@Injectable()
export class SchedulesService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #log = new Logger('schedules');
  readonly #holder = randomUUID();
  readonly #works = new Map<string, ScheduledWork>();
  readonly #running = new Map<string, Promise<RunOutcome>>();
  readonly #stop = new AbortController();
  #beating: Promise<void> | undefined;

  constructor(
    private readonly leases: ScheduleLeasesRepository,
    @Inject(CONFIG) private readonly config: CoordinatorConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Called in a feature's `onModuleInit`; starts with the app. */
  register(work: ScheduledWork): void {
    if (this.#works.has(work.name)) throw new TypeError(`the schedule ${work.name} is registered twice`);
    this.#works.set(work.name, work);
  }

  /** Runs one now, unless it runs already. Tests call this; so does whoever must not wait for the next time. */
  async runNow(name: string): Promise<RunOutcome> {
    const work = this.#works.get(name);
    if (!work) throw new TypeError(`there is no schedule ${name}`);
    if (this.#stop.signal.aborted) return 'stopping';
    if (this.#running.has(name)) return 'busy';
    const run = this.#run(work).finally(() => this.#running.delete(name));
    this.#running.set(name, run);
    return run;
  }

  /** Resolves when no run of it is under way any more: only then does its next time, or {@link runNow}, begin another. For tests. */
  async whenIdle(name: string): Promise<void> {
    await this.#running.get(name);
  }

  onApplicationBootstrap(): void {
    if (!this.config.schedules.enabled) return;
    this.#beating ??= this.#beat();
  }

  /** Stops everything and waits until it has stopped: the database is closed after this. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort(new DOMException('the coordinator stops', 'AbortError'));
    await this.#beating;
    await Promise.all(this.#running.values());
  }

  /** Runs what is due, by the wall clock, until the coordinator stops. */
  async #beat(): Promise<void> {
    const { signal } = this.#stop;
    const timetable = new Timetable(this.clock.nowMs());
    while (!signal.aborted) {
      const nowMs = this.clock.nowMs();
      for (const { name, cron } of this.#works.values()) timetable.add(name, cron, nowMs);
      const { due, waitMs } = timetable.beat(nowMs);
      for (const name of due) void this.#runDue(name);
      await this.clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** As {@link runNow}, where nobody waits for it: a database that fails to give a lease must not end the process. */
  async #runDue(name: string): Promise<void> {
    try {
      await this.runNow(name);
    } catch (error) {
      this.#log.error({ err: error, schedule: name }, 'scheduled work could not begin or end');
    }
  }

  async #run(work: ScheduledWork): Promise<RunOutcome> {
    const leaseMs = this.config.schedules.leaseSeconds * 1000;
    const startMs = this.clock.nowMs();
    if (!(await this.leases.take(work.name, this.#holder, startMs, startMs + leaseMs))) return 'busy';
    const lost = new AbortController();
    const done = new AbortController();
    const renewal = this.#renew(work.name, leaseMs, lost, done.signal);
    try {
      await work.run({ signal: AbortSignal.any([this.#stop.signal, lost.signal]), nowMs: startMs });
      return 'done';
    } catch (error) {
      if (this.#stop.signal.aborted) return 'stopping';
      this.#log.error({ err: error, schedule: work.name }, 'scheduled work failed');
      return 'failed';
    } finally {
      done.abort();
      await renewal;
      await this.leases.giveBack(work.name, this.#holder, this.clock.nowMs());
    }
  }

  async #renew(name: string, leaseMs: number, lost: AbortController, done: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.clock.sleep(leaseMs / 3, done);
        if (!(await this.leases.renew(name, this.#holder, this.clock.nowMs() + leaseMs)))
          throw new Error('the lease went to another coordinator');
      }
    } catch (error) {
      if (!done.aborted) lost.abort(error);
    }
  }
}
