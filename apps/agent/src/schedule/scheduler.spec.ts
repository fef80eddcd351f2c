import { describe, expect, it } from '@jest/globals';
import { ManualClock, seededRandom } from '#libs/kernel/testing';
import { activeSchedule } from './active-schedule.ts';
import type { RunFailures } from '../runs/run-history.ts';
import { planNextRun } from './next-run.ts';
import { Scheduler } from './scheduler.ts';

const minute = 60_000;
const hour = 60 * minute;
const at = (text: string): number => Date.parse(text);

interface Setup {
  readonly now: string;
  readonly cron?: string;
  readonly jitterSeconds?: number;
  readonly catchUpSeconds?: number;
  readonly coveredUntil?: string;
  readonly runMs?: number;
  /** How each run fails; the last one for all that follow. Undefined: it succeeds. */
  readonly failing?: readonly ('passing' | 'for good' | undefined)[];
  readonly seed?: number;
}

function start(setup: Setup) {
  const clock = new ManualClock(at(setup.now));
  const runs: { trigger: string; startedAtMs: number }[] = [];
  const wakes: number[] = [];
  let coveredUntilMs = setup.coveredUntil === undefined ? 0 : at(setup.coveredUntil);
  let failures: RunFailures | undefined;
  let overlapping = 0;
  let running = 0;
  let firedBefore = 0;
  const scheduler = new Scheduler({
    clock,
    random: seededRandom(setup.seed ?? 1),
    coveredUntilMs: () => coveredUntilMs,
    failuresSince: (sinceMs) => (failures && failures.lastEndedAtMs >= sinceMs ? failures : undefined),
    onWake: (ms) => wakes.push(ms),
    run: async (trigger, signal) => {
      running += 1;
      overlapping = Math.max(overlapping, running);
      runs.push({ trigger, startedAtMs: clock.nowMs() });
      await clock.sleep(setup.runMs ?? minute, signal);
      running -= 1;
      const fired = runs.filter((r) => r.trigger === 'schedule').length;
      const how = setup.failing?.at(Math.min(runs.length, setup.failing.length) - 1);
      coveredUntilMs = clock.nowMs();
      const count = fired === firedBefore ? (failures?.count ?? 0) + 1 : 1;
      firedBefore = fired;
      failures = how && { count, lastEndedAtMs: clock.nowMs(), mayPass: how === 'passing' };
      if (how) throw new Error('disk full');
    },
  });
  const policy = {
    cron: setup.cron ?? '0 18 * * *',
    timeZone: 'UTC',
    jitterSeconds: setup.jitterSeconds ?? 0,
    catchUpSeconds: setup.catchUpSeconds ?? 0,
    rpoHours: 24,
  };
  const stop = new AbortController();
  scheduler.setSchedule(activeSchedule(policy, at('2026-01-01T00:00:00Z')));
  const ended = scheduler.runUntilStopped(stop.signal);
  return {
    clock,
    runs,
    wakes,
    scheduler,
    overlapping: () => overlapping,
    cover: (ms: number) => (coveredUntilMs = ms),
    policy,
    async advance(ms: number) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(ms);
    },
    async stop() {
      stop.abort(new DOMException('stop', 'AbortError'));
      await ended;
    },
  };
}

describe('Scheduler', () => {
  it('fires at the time of the expression, once a day', async () => {
    const s = start({ now: '2026-11-22T09:00:00Z', coveredUntil: '2026-11-21T18:05:00Z' });
    await s.advance(3 * 24 * hour);
    expect(s.runs).toEqual(
      ['2026-11-22', '2026-11-23', '2026-11-24'].map((day) => ({ trigger: 'schedule', startedAtMs: at(`${day}T18:00:00Z`) })),
    );
    await s.stop();
  });

  it('catches up once what it missed while it was stopped, however much that was', async () => {
    const s = start({ now: '2026-11-22T09:00:00Z', coveredUntil: '2026-11-15T18:05:00Z', catchUpSeconds: 900 });
    await s.advance(2 * hour);
    expect(s.runs).toHaveLength(1);
    expect(s.runs[0]).toMatchObject({ trigger: 'catch-up' });
    expect(s.runs[0]!.startedAtMs).toBeLessThanOrEqual(at('2026-11-22T09:15:30Z'));
    await s.stop();
  });

  it('owes nothing from before it was enrolled', async () => {
    const s = start({ now: '2026-01-01T00:00:01Z', coveredUntil: '2025-06-01T00:00:00Z' });
    await s.advance(hour);
    expect(s.runs).toEqual([]);
    await s.stop();
  });

  it('catches up after the machine slept over its time, and says that it woke', async () => {
    const s = start({ now: '2026-11-22T17:00:00Z', coveredUntil: '2026-11-21T18:05:00Z', catchUpSeconds: 300 });
    await s.advance(10_000);
    // A sleeping machine: the clock jumps, and the timer that was set before fires late.
    s.clock.nowMs = () => at('2026-11-23T07:00:00Z');
    await s.advance(60_000);
    delete (s.clock as { nowMs?: unknown }).nowMs;
    expect(s.wakes.length).toBeGreaterThan(0);
    await s.stop();
  });

  it('stays within the jitter, and uses it', async () => {
    const delays = new Set<number>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const s = start({ now: '2026-11-22T17:59:00Z', coveredUntil: '2026-11-21T18:05:00Z', jitterSeconds: 1800, seed });
      await s.advance(2 * hour);
      expect(s.runs).toHaveLength(1);
      const delayMs = s.runs[0]!.startedAtMs - at('2026-11-22T18:00:00Z');
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(1_800_000);
      delays.add(delayMs);
      await s.stop();
    }
    expect(delays.size).toBeGreaterThan(15);
  });

  it('does not run a second time for a fire time that a manual run within the jitter covered', async () => {
    const s = start({ now: '2026-11-22T17:59:00Z', coveredUntil: '2026-11-21T18:05:00Z', jitterSeconds: 1800, seed: 3 });
    await s.advance(90_000);
    const before = s.runs.length;
    s.cover(s.clock.nowMs());
    await s.advance(2 * hour);
    expect(s.runs).toHaveLength(before);
    await s.stop();
  });

  it('a restart within the jitter still runs once', async () => {
    const s = start({ now: '2026-11-22T18:00:20Z', coveredUntil: '2026-11-21T18:05:00Z', jitterSeconds: 600 });
    await s.advance(hour);
    expect(s.runs).toHaveLength(1);
    await s.stop();
  });

  it('never overlaps: fire times during a run are covered by it', async () => {
    const s = start({ now: '2026-11-22T09:00:00Z', coveredUntil: '2026-11-22T09:00:00Z', cron: '* * * * *', runMs: 5 * minute + 10_000 });
    await s.advance(hour);
    expect(s.overlapping()).toBe(1);
    expect(s.runs.length).toBeGreaterThan(8);
    expect(s.runs.every((r) => r.startedAtMs % minute === 0)).toBe(true);
    await s.stop();
  });

  describe('a run that failed', () => {
    const night = { now: '2026-11-22T17:00:00Z', coveredUntil: '2026-11-21T18:05:00Z', runMs: minute } as const;
    const minutesAfter = (s: ReturnType<typeof start>): number[] =>
      s.runs.map((r) => (r.startedAtMs - at('2026-11-22T18:00:00Z')) / minute);

    it('for good waits for the next fire time', async () => {
      const s = start({ ...night, failing: ['for good'] });
      await s.advance(20 * hour);
      expect(minutesAfter(s)).toEqual([0]);
      expect(s.scheduler.nextRunRetry).toBeUndefined();
      await s.stop();
    });

    it('by something that passes is tried again, later each time, until it succeeds', async () => {
      const s = start({ ...night, failing: ['passing', 'passing', 'passing', undefined] });
      await s.advance(hour + 2 * minute);
      expect(s.scheduler.nextRunRetry).toBe(1);
      expect(s.scheduler.nextRunAtMs).toBe(at('2026-11-22T18:06:00Z'));
      await s.advance(20 * hour);
      // Each takes a minute, then 5, 10 and 20 go by.
      expect(minutesAfter(s)).toEqual([0, 6, 17, 38]);
      expect(s.runs.map((r) => r.trigger)).toEqual(['schedule', 'catch-up', 'catch-up', 'catch-up']);
      expect(s.scheduler.nextRunAtMs).toBe(at('2026-11-23T18:00:00Z'));
      await s.stop();
    });

    it('is tried eight times at most, and afresh from the next fire time', async () => {
      const s = start({ ...night, failing: ['passing'] });
      await s.advance(24.9 * hour);
      const delays = minutesAfter(s).map((m, i, all) => (i === 0 ? 0 : m - all[i - 1]! - 1));
      expect(delays).toEqual([0, 5, 10, 20, 40, 80, 120, 120, 120]);
      await s.advance(15 * minute);
      expect(minutesAfter(s).slice(9)).toEqual([24 * 60, 24 * 60 + 6]);
      await s.stop();
    });

    it('has no retry just before the next fire time, nor beyond it', async () => {
      const s = start({ ...night, cron: '*/5 * * * *', failing: ['passing'] });
      await s.advance(1.5 * hour);
      expect(s.runs.every((r) => r.trigger === 'schedule' && r.startedAtMs % (5 * minute) === 0)).toBe(true);
      await s.stop();
    });

    it('does not make the scheduler spin when its end could not be written down', async () => {
      const clock = new ManualClock(at('2026-11-22T18:06:30Z'));
      let runs = 0;
      const scheduler = new Scheduler({
        clock,
        random: seededRandom(1),
        coveredUntilMs: () => at('2026-11-22T18:01:00Z'),
        failuresSince: () => ({ count: 1, lastEndedAtMs: at('2026-11-22T18:01:00Z'), mayPass: true }),
        run: () => {
          runs += 1;
          return Promise.reject(new Error('no space left'));
        },
      });
      scheduler.setSchedule(activeSchedule({ cron: '0 18 * * *', timeZone: 'UTC', jitterSeconds: 0, catchUpSeconds: 0, rpoHours: 24 }, 0));
      const stop = new AbortController();
      const ended = scheduler.runUntilStopped(stop.signal);
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(5 * minute);
      expect(runs).toBeLessThanOrEqual(11);
      stop.abort(new DOMException('stop', 'AbortError'));
      await ended;
    });
  });

  it('takes a new schedule at once', async () => {
    const s = start({ now: '2026-11-22T09:00:00Z', coveredUntil: '2026-11-22T08:00:00Z' });
    await s.advance(minute);
    s.scheduler.setSchedule(activeSchedule({ ...s.policy, cron: '30 9 * * *' }, s.clock.nowMs()));
    expect(s.scheduler.nextRunAtMs).toBe(at('2026-11-22T09:30:00Z'));
    await s.advance(hour);
    expect(s.runs).toEqual([{ trigger: 'schedule', startedAtMs: at('2026-11-22T09:30:00Z') }]);
    s.scheduler.setSchedule(undefined);
    await s.advance(48 * hour);
    expect(s.runs).toHaveLength(1);
    await s.stop();
  });
});

describe('planNextRun', () => {
  const schedule = activeSchedule({ cron: '0 18 * * *', timeZone: 'UTC', jitterSeconds: 0, catchUpSeconds: 0, rpoHours: 24 }, 0);
  const failuresSince = (): undefined => undefined;

  it('a clock that once ran ahead does not put off later runs', () => {
    const nowMs = at('2026-11-22T17:59:59Z');
    const ahead = at('2031-01-01T00:00:00Z');
    expect(planNextRun(schedule, { nowMs, coveredUntilMs: ahead, failuresSince }, seededRandom(1)).kind).toBe('wait');
    const later = planNextRun(schedule, { nowMs: nowMs + 24 * hour, coveredUntilMs: nowMs, failuresSince }, seededRandom(1));
    expect(later.kind).toBe('run');
  });

  it('a run noticed late counts as caught up', () => {
    const nowMs = at('2026-11-22T20:00:00Z');
    const plan = planNextRun(schedule, { nowMs, coveredUntilMs: at('2026-11-22T17:00:00Z'), failuresSince }, seededRandom(1));
    expect(plan).toMatchObject({ kind: 'run', pending: { trigger: 'catch-up' } });
  });

  it('a clock that was ahead when a run failed does not put off its retry', () => {
    const nowMs = at('2026-11-22T18:30:00Z');
    const failures = { count: 1, lastEndedAtMs: at('2031-01-01T00:00:00Z'), mayPass: true };
    const state = { nowMs, coveredUntilMs: failures.lastEndedAtMs, failuresSince: () => failures };
    expect(planNextRun(schedule, state, seededRandom(1))).toMatchObject({ kind: 'run', pending: { retry: 1 } });
  });
});
