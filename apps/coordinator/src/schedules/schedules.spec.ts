import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '#libs/kernel';
import { ManualClock } from '#libs/kernel/testing';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';
import { ScheduleLeasesRepository } from './schedule-leases.repository.ts';
import type { ScheduledWork } from './schedules.service.ts';
import { SchedulesService } from './schedules.service.ts';

/** Work that the test lets go on. */
function controlled(name: string) {
  const started = Promise.withResolvers<AbortSignal>();
  const finish = Promise.withResolvers<void>();
  let runs = 0;
  const work: ScheduledWork = {
    name,
    cron: '* * * * * *',
    run: async ({ signal }) => {
      runs += 1;
      started.resolve(signal);
      await finish.promise;
    },
  };
  return { work, started: started.promise, finish: finish.resolve, fail: finish.reject, runs: () => runs };
}

describe('schedules', () => {
  let coordinator: TestCoordinator;
  let schedules: SchedulesService;
  let leases: ScheduleLeasesRepository;
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    schedules = coordinator.get(SchedulesService);
    leases = coordinator.get(ScheduleLeasesRepository);
  });
  afterAll(() => coordinator.close());

  it('holds the lease while it works and gives it back after', async () => {
    const { work, started, finish } = controlled('simple');
    schedules.register(work);
    const run = schedules.runNow('simple');
    await started;
    expect((await leases.find('simple'))?.holder).not.toBeNull();
    expect(await schedules.runNow('simple')).toBe('busy');
    finish();
    expect(await run).toBe('done');
    expect(await leases.find('simple')).toMatchObject({
      holder: null,
      lastStartedAtMs: coordinator.clock.nowMs(),
      lastEndedAtMs: coordinator.clock.nowMs(),
    });
    expect(await schedules.runNow('simple')).toBe('done');
  });

  it('gives the lease back after a failure too, and comes again', async () => {
    const { work, started, fail } = controlled('failing');
    schedules.register(work);
    const run = schedules.runNow('failing');
    await started;
    fail(new Error('broken'));
    expect(await run).toBe('failed');
    expect((await leases.find('failing'))?.holder).toBeNull();
  });

  it('leaves work to another coordinator that holds the lease, until that lets it run out', async () => {
    const { work, finish, runs } = controlled('shared');
    schedules.register(work);
    finish();
    const now = coordinator.clock.nowMs();
    expect(await leases.take('shared', 'another coordinator', now, now + 60_000)).toBe(true);
    expect(await schedules.runNow('shared')).toBe('busy');
    await coordinator.clock.advance(60_000);
    expect(await schedules.runNow('shared')).toBe('done');
    expect(runs()).toBe(1);
  });

  it('renews its lease while the work goes on', async () => {
    const { work, started, finish } = controlled('long');
    schedules.register(work);
    const run = schedules.runNow('long');
    await started;
    const first = (await leases.find('long'))!.leasedUntilMs;
    await coordinator.clock.advance(20_000);
    await expectSoon(async () => (await leases.find('long'))!.leasedUntilMs === first + 20_000);
    finish();
    expect(await run).toBe('done');
  });

  it('aborts work whose lease went to somebody else', async () => {
    const { work, started, finish } = controlled('robbed');
    schedules.register(work);
    const run = schedules.runNow('robbed');
    const signal = await started;
    const now = coordinator.clock.nowMs();
    expect(await leases.take('robbed', 'thief', now + 120_000, now + 180_000)).toBe(true);
    await coordinator.clock.advance(20_000);
    await expectSoon(() => Promise.resolve(signal.aborted));
    finish();
    await run;
    expect((await leases.find('robbed'))?.holder).toBe('thief');
  });

  it('refuses one name twice and a name that it does not know', async () => {
    expect(() => schedules.register(controlled('simple').work)).toThrow('twice');
    await expect(schedules.runNow('unknown')).rejects.toThrow('unknown');
  });

  it('stops by aborting, waits until the work has stopped, and only then gives the lease back', async () => {
    const other = await startTestCoordinator();
    const theirs = other.get(SchedulesService);
    const order: string[] = [];
    const running = Promise.withResolvers<void>();
    const last = Promise.withResolvers<void>();
    theirs.register({
      name: 'stopping',
      cron: '0 0 * * *',
      run: async ({ signal }) => {
        running.resolve();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        order.push('aborted');
        await last.promise;
        order.push('stopped');
      },
    });
    const run = theirs.runNow('stopping').then((outcome) => order.push(outcome));
    await running.promise;
    const closing = other.close().then(() => order.push('closed'));
    // Long enough for a wrong order to show; the right one does not depend on it.
    await systemClock.sleep(500);
    last.resolve();
    await Promise.all([run, closing]);
    expect(order).toEqual(['aborted', 'stopped', 'done', 'closed']);
    expect(await theirs.runNow('stopping')).toBe('stopping');
  });

  it('fires by its cron expression when schedules are on; what a jump of the clock passed over comes once', async () => {
    const clock = new JumpingClock();
    const on = await startTestCoordinator({ clock, config: { schedules: { enabled: true } } });
    const service = on.get(SchedulesService);
    const runs: number[] = [];
    // Registered after the start on purpose: features do it before, this shows that nothing else is needed.
    service.register({ name: 'every-five', cron: '*/5 * * * *', run: async ({ nowMs }) => void runs.push(nowMs) });
    /** Until its run is over for the service too: a time that comes before then passes, and this clock is quicker than a database. */
    const advance = async (byMs: number): Promise<void> => {
      await clock.advance(byMs);
      await service.whenIdle('every-five');
    };
    await advance(30_000);
    await advance(5 * 60_000);
    expect(runs).toHaveLength(1);
    clock.jump(8 * 7 * 86_400_000);
    await advance(30_000);
    expect(runs).toHaveLength(2);
    await advance(60_000);
    expect(runs).toHaveLength(2);
    clock.jump(-8 * 7 * 86_400_000);
    await advance(30_000);
    await advance(5 * 60_000);
    expect(runs).toHaveLength(3);
    expect(runs[2]! - runs[0]!).toBeLessThanOrEqual(10 * 60_000);
    await on.close();
  });
});

/** A clock that is put ahead or back, as by a suspend or a person: nobody who sleeps notices. */
class JumpingClock extends ManualClock {
  #jumpedMs = 0;

  jump(byMs: number): void {
    this.#jumpedMs += byMs;
  }

  override nowMs(): number {
    return super.nowMs() + this.#jumpedMs;
  }
}

/** Lets pending work run until the condition holds; the test's own time limit ends it otherwise. */
async function expectSoon(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
