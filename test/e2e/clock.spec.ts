import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from '#libs/contracts';
import { pageOf, run } from '#libs/contracts';
import { compareTrees } from '#libs/engine';
import type { Agent } from '../support/agent.ts';
import { Agent as NewAgent, lastEvent } from '../support/agent.ts';
import { newJoinLink } from '../support/coordinator.ts';
import { until } from '../support/processes.ts';
import { restoredPath } from '../support/restored-path.ts';
import { teamForTests } from '../support/team-for-tests.ts';

/** From when on a fire time that was not acted on counts as missed: `scheduleTimes.onTimeToleranceMs` of the agent. */
const missedAfterMs = 60_000;

/** A cron expression with seconds that fires once, at this time. */
function cronAt(ms: number): { cron: string; timeZone: string } {
  const at = new Date(ms);
  return { cron: `${at.getUTCSeconds()} ${at.getUTCMinutes()} ${at.getUTCHours()} * * *`, timeZone: 'UTC' };
}

describe('what happens by the clock', () => {
  const scene = teamForTests({ replicas: 1 });
  const documents = join(scene.folder, 'documents');
  const expiring = { link: '', atMs: 0 };
  let ada: Agent;
  let ben: Agent;

  const runsOf = async (name: string): Promise<Run[]> => {
    const { deviceId } = await scene.team.device(name);
    return (await scene.team.setup.admin.get(`/api/v1/devices/${deviceId}/runs`, pageOf(run))).items;
  };
  /** Gives everybody a time at which their backup fires; `prepare` is done before it comes: a time that came too soon is put off, twice as far. */
  const dueSoon = async (agents: readonly Agent[], prepare = async (): Promise<void> => {}, undo = prepare): Promise<number> => {
    for (let aheadMs = 15_000; ; aheadMs *= 2) {
      const dueAtMs = Math.ceil((Date.now() + aheadMs) / 1000) * 1000;
      const cron = cronAt(dueAtMs);
      await scene.team.changeTeamPolicy((policy) => ({ ...policy, schedule: { ...policy.schedule, ...cron } }));
      for (const agent of agents)
        await until(`${agent.name} knows the schedule`, async () => {
          const status = lastEvent<{ schedule: { cron: string } }>(await agent.must(['status']));
          return status.schedule.cron === cron.cron;
        });
      await prepare();
      if (Date.now() < dueAtMs) return dueAtMs;
      await undo();
    }
  };

  beforeAll(async () => {
    // One minute is the shortest life of a link; it passes while the others run.
    expiring.link = await newJoinLink(scene.team.setup.admin, { ttlMinutes: 1 });
    expiring.atMs = Date.now() + 60_000;
    mkdirSync(documents);
    writeFileSync(join(documents, 'letter.txt'), 'Dear Ben');
    ada = await scene.team.join('ada', [documents]);
    ben = await scene.team.join('ben', [documents]);
  });

  it('a backup fires by its cron expression, on every machine that has folders', async () => {
    await until(
      'both are online',
      async () => (await scene.team.devices()).filter((d) => d.online && d.class !== 'coordinator').length === 2,
    );
    const dueAtMs = await dueSoon([ada, ben]);
    for (const name of ['ada', 'ben']) {
      const since = async (): Promise<Run[]> => (await runsOf(name)).filter(({ startedAtMs }) => startedAtMs >= dueAtMs);
      const [done] = await until(`${name}'s backup by schedule`, async () => {
        const runs = await since();
        return runs.some((r) => r.state === 'captured') && runs;
      });
      expect(done).toMatchObject({ trigger: 'schedule', state: 'captured', fileErrors: 0 });
      // Within a minute of it counts as on time; nobody starts it again.
      expect(await since()).toHaveLength(1);
    }
    // Each run made one.
    const taken = (await ada.must(['snapshots'])).events.filter((e) => e['type'] === 'snapshot');
    expect(taken).toHaveLength((await runsOf('ada')).length);
  });

  it('a missed one is caught up once the agent runs again', async () => {
    const missedAtMs = await dueSoon(
      [ada],
      () => ada.stop(),
      () => ada.daemonReady(),
    );
    const before = (await runsOf('ada')).length;
    writeFileSync(join(documents, 'written-before-the-missed-run.txt'), 'to be captured late');
    await until('the time has passed', async () => Date.now() > missedAtMs + missedAfterMs + 1_000, 200_000);
    expect(await runsOf('ada')).toHaveLength(before);

    await ada.daemonReady();
    const caughtUp = await until('the missed backup', async () =>
      (await runsOf('ada')).find((r) => r.trigger === 'catch-up' && r.state === 'captured'),
    );
    expect(caughtUp.startedAtMs).toBeGreaterThan(missedAtMs + missedAfterMs);
    const target = join(scene.folder, 'caught-up');
    await ada.must(['restore', '--to', target]);
    expect(await compareTrees(documents, restoredPath(target, documents))).toEqual([]);
  });

  it('a join link lets nobody in after its time', async () => {
    await until('the link expires', async () => Date.now() > expiring.atMs + 1_000, 90_000);
    const late = new NewAgent('late', join(scene.folder, 'late', 'home'));
    const result = await late.run(['join', expiring.link]);
    expect(result.exitCode).toBe(1);
    expect(lastEvent(result)).toMatchObject({ event: 'error', code: 'join_link_expired', nextStep: expect.any(String) });
    expect((await scene.team.devices()).map((device) => device.name).sort()).toEqual(expect.not.arrayContaining(['late']));
  });
});
