import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtempSync } from 'node:fs';
import { killAll } from '../support/processes.ts';
import { chaosEvents, heal } from './events.ts';
import { checkRestore, checkSettled, checkStep, Violation } from './invariants.ts';
import type { Luck } from './luck.ts';
import { luckOf } from './luck.ts';
import { World } from './world.ts';

export interface ScheduleOptions {
  readonly machines: number;
  readonly owners: number;
  /** Events of one schedule. */
  readonly events: number;
  readonly partitions: boolean;
  /** Schedules that one team lives through, one after the other, before a new one is set up. */
  readonly perTeam: number;
}

export interface ScheduleOutcome {
  readonly seed: number;
  readonly log: readonly string[];
  readonly violation: string | undefined;
}

/**
 * Plays seeded schedules against a team of real processes, several in a row against the same one. After a violation the team is given up
 * and its folder kept; the next schedule gets a new one. The seed decides what happens and in which order; how the processes
 * interleave is the machine's to say.
 */
export async function* playSchedules(seeds: Iterable<number>, options: ScheduleOptions): AsyncGenerator<ScheduleOutcome> {
  let world: World | undefined;
  let folder = '';
  let played = 0;
  const end = async (): Promise<void> => {
    await world?.stop().catch(() => undefined);
    killAll();
    world = undefined;
  };
  try {
    for (const seed of seeds) {
      if (world && played >= options.perTeam) {
        await end();
        rmSync(folder, { recursive: true, force: true });
      }
      if (!world) {
        folder = mkdtempSync(join(tmpdir(), 'holdfast-chaos-'));
        world = await World.start(folder, { ...options, replicas: { target: 3, minimum: 2 } });
        played = 0;
      }
      const log: string[] = [];
      const violation = await play(world, luckOf(seed), options.events, log);
      played += 1;
      yield { seed, log, violation: violation && `${violation}\nthe team's folder is kept: ${folder}` };
      if (violation) await end();
    }
    if (world) {
      await end();
      rmSync(folder, { recursive: true, force: true });
    }
  } finally {
    await end();
  }
}

/** Returns what was violated, or undefined. */
async function play(world: World, luck: Luck, events: number, log: string[]): Promise<string | undefined> {
  const startedMs = performance.now();
  const say = (line: string): void => void log.push(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  try {
    for (let n = 0; n < events; n += 1) {
      const possible = chaosEvents.filter((event) => event.possible(world));
      const lots = possible.flatMap((event) => Array.from({ length: event.weight }, () => event));
      const event = luck.pick(lots);
      say(`${event.name}: ${await event.run(world, luck)}`);
      checkStep(world);
    }
    await heal(world);
    say('everything taken back');
    await checkSettled(world);
    checkStep(world);
    say(`settled; restored ${await checkRestore(world, luck)}`);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const cause = error instanceof Error && error.cause instanceof Error ? `\n  because: ${error.cause.message}` : '';
    say(`${error instanceof Violation ? 'VIOLATION' : 'FAILED'}: ${message}${cause}`);
    return message + cause;
  }
}
