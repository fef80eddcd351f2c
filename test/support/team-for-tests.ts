import { afterAll, beforeAll, jest } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAll } from './processes.ts';
import { Team } from './team.ts';

/**
 * Upper bound of one test. Waits end as soon as what they wait for is there; only a hanging test gets near. Longer than any command and any two waits of a test
 * together (`commandLimitMs`, `until`): those say what was waited for, the end of a test does not.
 */
export const testLimitMs = 330_000;

export interface TeamForTests {
  readonly team: Team;
  /** A folder that goes away after the tests of the file. */
  readonly folder: string;
  /** Runs after the tests of the file, between the end of all processes and the removal of the folder. */
  atEnd(work: () => void): void;
}

/**
 * One team for all tests of a file: a coordinator process, set up by its first admin, replicas as given (2 unless said
 * otherwise), no backup unless asked for. `config`: YAML laid over the coordinator's configuration; `env`: for the coordinator's process. Agents join in the tests. Everything is stopped and removed at the end.
 */
export function teamForTests(options: { replicas?: number; config?: string; env?: Readonly<Record<string, string>> } = {}): TeamForTests {
  const replicas = options.replicas ?? 2;
  let team: Team | undefined;
  const endings: (() => void)[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-e2e-'));
  jest.setTimeout(testLimitMs);
  beforeAll(async () => {
    // Agents with fewer rights than the tests must reach their folders.
    chmodSync(folder, 0o755);
    // A recovery kit opens at the cost it was made with: cheap here, two seconds in life.
    const config = join(folder, 'coordinator.yaml');
    if (options.config !== undefined) writeFileSync(config, options.config);
    team = await Team.start(folder, {
      kitCost: { memoryKiB: 1024, passes: 1 },
      coordinatorEnv: { ...options.env, ...(options.config !== undefined && { HOLDFAST_CONFIG: config }) },
    });
    await team.changeTeamPolicy((policy) => ({
      ...policy,
      replicas: { target: replicas, minimum: replicas },
      pledge: { maxBytes: null, reserveBytes: 0, reservePercent: 0 },
      schedule: { ...policy.schedule, cron: '0 0 1 1 *', jitterSeconds: 0, catchUpSeconds: 0 },
    }));
  });
  afterAll(async () => {
    await team?.stop();
    killAll();
    for (const end of endings) end();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    atEnd: (work) => void endings.push(work),
    get team() {
      if (!team) throw new Error('the team starts before the first test');
      return team;
    },
  };
}
