import { type RandomSource, randomInt } from '#libs/kernel';
import type { FireTimes } from './fire-times.ts';
import type { RunFailures } from '../runs/run-history.ts';
import { retryAfter } from './retry-times.ts';
import { scheduleTimes } from './schedule-times.ts';

/** A schedule as the planner needs it. */
export interface ActiveSchedule {
  readonly fires: FireTimes;
  readonly jitterMs: number;
  readonly catchUpMs: number;
  /** Fire times before this one are not owed: the device was not enrolled, or the schedule was another one. */
  readonly sinceMs: number;
}

export interface PendingRun {
  readonly fireAtMs: number;
  /** When it starts: the fire time plus jitter, or the catch-up delay after it was noticed. */
  readonly dueAtMs: number;
  readonly trigger: 'schedule' | 'catch-up';
  /** Set when it failed before: which retry it is, from 1. */
  readonly retry?: number;
}

/** What the planner goes by besides the schedule. */
export interface RunState {
  readonly nowMs: number;
  /** Every fire time up to then has had its run; see `RunHistory.coveredUntilMs`. */
  readonly coveredUntilMs: number;
  /** What became of the runs since a fire time; see `RunHistory.failuresSince`. */
  readonly failuresSince: (sinceMs: number) => RunFailures | undefined;
  readonly pending?: PendingRun | undefined;
}

export type NextRun =
  | { readonly kind: 'run'; readonly pending: PendingRun }
  | {
      readonly kind: 'wait';
      readonly untilMs: number;
      readonly pending: PendingRun | undefined;
      readonly nextFireAtMs: number | undefined;
    };

/**
 * Decides what the scheduler does now. Pure but for the drawn delay, which is kept in `pending` and drawn once a fire time.
 *
 * Fire times that pass during a run start no second one, a manual run of everything within the jitter stands for the scheduled one,
 * a run that a crash cut off is owed again, and one that failed is tried again as `schedule-times.ts` says.
 */
export function planNextRun(schedule: ActiveSchedule, state: RunState, random: RandomSource): NextRun {
  const { nowMs } = state;
  // A clock that once ran ahead must not put off every later run.
  const coveredUntilMs = Math.max(Math.min(state.coveredUntilMs, nowMs), schedule.sinceMs);
  const last = schedule.fires.previous(nowMs);
  if (last === undefined || last <= coveredUntilMs) {
    const nextFireAtMs = schedule.fires.next(nowMs);
    const pending = last === undefined || last < schedule.sinceMs ? undefined : retryOf(last, nextFireAtMs, state);
    if (pending && nowMs >= pending.dueAtMs) return { kind: 'run', pending };
    return {
      kind: 'wait',
      untilMs: Math.min(pending?.dueAtMs ?? nextFireAtMs ?? Number.POSITIVE_INFINITY, nowMs + scheduleTimes.sliceMs),
      pending,
      nextFireAtMs,
    };
  }
  const kept = state.pending !== undefined && state.pending.fireAtMs > coveredUntilMs ? state.pending : undefined;
  const pending = kept ?? drawRun(schedule, last, nowMs, random);
  if (nowMs < pending.dueAtMs) {
    return { kind: 'wait', untilMs: Math.min(pending.dueAtMs, nowMs + scheduleTimes.sliceMs), pending, nextFireAtMs: pending.dueAtMs };
  }
  const late = nowMs - pending.dueAtMs > scheduleTimes.onTimeToleranceMs;
  return { kind: 'run', pending: late ? { ...pending, trigger: 'catch-up' } : pending };
}

function retryOf(fireAtMs: number, nextFireAtMs: number | undefined, { nowMs, failuresSince }: RunState): PendingRun | undefined {
  const failures = failuresSince(fireAtMs);
  const dueAtMs = failures && retryAfter(failures, nowMs, nextFireAtMs);
  return dueAtMs === undefined ? undefined : { fireAtMs, dueAtMs, trigger: 'catch-up', retry: failures!.count };
}

function drawRun(schedule: ActiveSchedule, fireAtMs: number, nowMs: number, random: RandomSource): PendingRun {
  const onTime = nowMs - fireAtMs <= scheduleTimes.onTimeToleranceMs;
  const delayMs = onTime ? schedule.jitterMs : schedule.catchUpMs;
  const drawnMs = delayMs === 0 ? 0 : randomInt(random, Math.min(delayMs, 0xffff_fffe) + 1);
  return { fireAtMs, dueAtMs: (onTime ? fireAtMs : nowMs) + drawnMs, trigger: onTime ? 'schedule' : 'catch-up' };
}
