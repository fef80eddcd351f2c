/** A team of fake agents on a whole coordinator, for the tests of placement, replicas and restores. */
import type { Snapshot } from '#libs/contracts';
import { GoalChangesService } from '../replicas/goal-changes.service.ts';
import { PlacementLoopService } from '../placement/placement-loop.service.ts';
import { DURABILITY_SWEEP } from '../placement/sweep-schedule.ts';
import { SchedulesService } from '../schedules/schedules.service.ts';
import { FakeAgent, expectStatus } from './fake-agent.ts';
import type { TestClient } from './test-client.ts';
import type { TestCoordinator, TestOptions } from './test-coordinator.ts';
import { startTestCoordinator } from './test-coordinator.ts';
import type { TestTeam } from './test-team.ts';
import { foundTeam } from './test-team.ts';

export interface StorageTeam {
  readonly coordinator: TestCoordinator;
  readonly team: TestTeam;
  readonly admin: TestClient;
  readonly agents: FakeAgent[];
  /** Another device. */
  join(name: string): Promise<FakeAgent>;
  /** Heartbeats of these (everybody unless given), a sweep, and all planning that follows. */
  round(awake?: readonly FakeAgent[]): Promise<void>;
  /** Rounds with every awake agent doing its jobs, until nothing is left to do. Returns how many packs travelled. */
  replicate(awake?: readonly FakeAgent[]): Promise<number>;
  /** Lets time pass in which only these are heard of. */
  pass(ms: number, awake: readonly FakeAgent[]): Promise<void>;
  setReplicas(target: number, minimum: number): Promise<void>;
  snapshots(agent: FakeAgent): Promise<Snapshot[]>;
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** The thresholds of a demo: two seconds without a heartbeat is a nap, ten a loss. */
const aDayInSeconds = {
  heartbeatSeconds: 1,
  silence: {
    workstation: {
      asleepAfterSeconds: 3,
      overdueAfterSeconds: 4,
      suspectAfterSeconds: 6,
      missingAfterSeconds: 10,
      lostAfterSeconds: 10_000,
    },
  },
};

/** For tests in which weeks without a heartbeat are of no interest: nobody falls asleep for a year, and nobody is new. */
export const patientDurability = {
  heartbeatSeconds: 365 * 86_400,
  vetting: { minAgeSeconds: 0, auditsPassed: 0 },
  silence: {
    workstation: {
      ...{ asleepAfterSeconds: 400 * 86_400, overdueAfterSeconds: 500 * 86_400, suspectAfterSeconds: 600 * 86_400 },
      ...{ missingAfterSeconds: 700 * 86_400, lostAfterSeconds: 800 * 86_400 },
    },
  },
};

export async function startStorageTeam(size: number, { config: over = {}, ...options }: TestOptions = {}): Promise<StorageTeam> {
  const { durability = {}, ...rest } = over;
  const config = { durability: { ...aDayInSeconds, ...(durability as object) }, ...rest };
  const coordinator = await startTestCoordinator({ ...options, config });
  const team = await foundTeam(coordinator);
  const admin = await team.people('admin');
  const agents: FakeAgent[] = [];
  const schedules = coordinator.get(SchedulesService);
  const settled = async (): Promise<void> => {
    // What was raised is planned after its caller was answered.
    await new Promise((resolve) => setImmediate(resolve));
    await coordinator.get(PlacementLoopService).settled();
    await coordinator.get(GoalChangesService).settled();
  };
  const join = async (name: string): Promise<FakeAgent> => {
    const agent = new FakeAgent(await team.enrol(name));
    agents.push(agent);
    return agent;
  };
  const round = async (awake: readonly FakeAgent[] = agents): Promise<void> => {
    for (const agent of awake) await agent.device.beat();
    while ((await schedules.runNow(DURABILITY_SWEEP)) === 'busy') await new Promise((resolve) => setTimeout(resolve, 5));
    await settled();
  };
  const self: StorageTeam = {
    ...{ coordinator, team, admin, agents, join, round, settled },
    replicate: async (awake = agents) => {
      for (let travelled = 0; ;) {
        await round(awake);
        let done = 0;
        for (const agent of awake) done += await agent.fetchAll();
        travelled += done;
        if (done === 0) return travelled;
      }
    },
    pass: async (ms, awake) => {
      const step = coordinator.config.durability.heartbeatSeconds * 1000;
      for (let left = ms; left > 0; left -= step) {
        await coordinator.clock.advance(Math.min(step, left));
        for (const agent of awake) await agent.device.beat();
      }
      await round(awake);
    },
    setReplicas: async (target, minimum) => {
      const { team: policy } = expectStatus(await admin.get('/policies/team'), 200);
      expectStatus(await admin.put('/policies/team', { ...policy, replicas: { target, minimum } }), 200);
      await settled();
    },
    snapshots: async (agent) => expectStatus(await admin.get(`/devices/${agent.device.deviceId}/snapshots`), 200).items,
    close: () => coordinator.close(),
  };
  for (let n = 1; n <= size; n += 1) await join(`laptop-${n}`);
  await round();
  return self;
}
