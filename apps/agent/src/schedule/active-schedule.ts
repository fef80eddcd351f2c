import type { Policy } from '#libs/contracts';
import { type FireTimes, fireTimes } from './fire-times.ts';
import type { ActiveSchedule } from './next-run.ts';

/** The policy's schedule, ready to plan with. Throws `schedule_invalid`. */
export function activeSchedule(schedule: Policy['schedule'], sinceMs: number): ActiveSchedule {
  return {
    fires: remembering(fireTimes(schedule.cron, schedule.timeZone)),
    jitterMs: schedule.jitterSeconds * 1000,
    catchUpMs: schedule.catchUpSeconds * 1000,
    sinceMs,
  };
}

/** The scheduler asks every half minute; between two fire times the answers stay the same. */
function remembering(fires: FireTimes): FireTimes {
  let known:
    | { readonly fromMs: number; readonly untilMs: number; readonly previous: number | undefined; readonly next: number | undefined }
    | undefined;
  const around = (atMs: number): NonNullable<typeof known> => {
    if (known && known.fromMs <= atMs && atMs < known.untilMs) return known;
    const previous = fires.previous(atMs);
    const next = fires.next(atMs);
    known = { fromMs: previous ?? atMs, untilMs: next ?? Number.POSITIVE_INFINITY, previous, next };
    return known;
  };
  return { next: (afterMs) => around(afterMs).next, previous: (atMs) => around(atMs).previous };
}
