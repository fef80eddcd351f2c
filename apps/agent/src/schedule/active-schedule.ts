import type { Policy } from '#libs/contracts';
import { fireTimes } from './fire-times.ts';
import type { ActiveSchedule } from './next-run.ts';

/** The policy's schedule, ready to plan with. Throws `schedule_invalid`. */
export function activeSchedule(schedule: Policy['schedule'], sinceMs: number): ActiveSchedule {
  return {
    fires: fireTimes(schedule.cron, schedule.timeZone),
    jitterMs: schedule.jitterSeconds * 1000,
    catchUpMs: schedule.catchUpSeconds * 1000,
    sinceMs,
  };
}
