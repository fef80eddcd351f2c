import { type RandomSource, randomInt } from '#libs/kernel';
import type { FireTimes } from './fire-times.ts';
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
 * `coveredUntilMs`: every fire time up to then has had its run (the end of the last run that was not cut off).
 * So fire times that pass during a run start no second one, a manual run within the jitter stands for the scheduled one,
 * and a run that a crash cut off is owed again.
 */
export function planNextRun(
  schedule: ActiveSchedule,
  state: { readonly nowMs: number; readonly coveredUntilMs: number; readonly pending?: PendingRun | undefined },
  random: RandomSource,
): NextRun {
  const { nowMs } = state;
  // A clock that once ran ahead must not put off every later run.
  const coveredUntilMs = Math.max(Math.min(state.coveredUntilMs, nowMs), schedule.sinceMs);
  const last = schedule.fires.previous(nowMs);
  if (last === undefined || last <= coveredUntilMs) {
    const nextFireAtMs = schedule.fires.next(nowMs);
    return {
      kind: 'wait',
      untilMs: Math.min(nextFireAtMs ?? Number.POSITIVE_INFINITY, nowMs + scheduleTimes.sliceMs),
      pending: undefined,
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

function drawRun(schedule: ActiveSchedule, fireAtMs: number, nowMs: number, random: RandomSource): PendingRun {
  const onTime = nowMs - fireAtMs <= scheduleTimes.onTimeToleranceMs;
  const delayMs = onTime ? schedule.jitterMs : schedule.catchUpMs;
  const drawnMs = delayMs === 0 ? 0 : randomInt(random, Math.min(delayMs, 0xffff_fffe) + 1);
  return { fireAtMs, dueAtMs: (onTime ? fireAtMs : nowMs) + drawnMs, trigger: onTime ? 'schedule' : 'catch-up' };
}
