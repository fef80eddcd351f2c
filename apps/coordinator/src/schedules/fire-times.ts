import { createTask, parse } from 'node-cron';

const DAY_MS = 86_400_000;
/** 29 February can be eight years away (around 2100). */
const HORIZON_DAYS = 366 * 8;

/** First time after `afterMs` at which it fires, or null when that is never within eight years. */
export type NextFire = (afterMs: number) => number | null;

/**
 * When a cron expression fires, in UTC, as a pure function of time. node-cron reads the expression and says which days match (so `L`, `15W` and
 * names work); its timers are not used: see docs/adr/0005. `expression` must be one that `isValidCron` takes.
 */
export function nextFireOf(expression: string): NextFire {
  const { hour, minute, second } = parse(expression);
  const matcher = createTask(expression, () => undefined, { timezone: 'UTC' });
  const firstOfDayMs = timeMs(hour[0]!, minute[0]!, second[0]!);
  /** First time of day after `offsetMs`, or undefined. */
  const timeOfDay = (offsetMs: number): number | undefined => {
    for (const h of hour) {
      if (timeMs(h + 1, 0, 0) <= offsetMs) continue;
      for (const m of minute) {
        if (timeMs(h, m + 1, 0) <= offsetMs) continue;
        const s = second.find((one) => timeMs(h, m, one) > offsetMs);
        if (s !== undefined) return timeMs(h, m, s);
      }
    }
    return undefined;
  };
  return (afterMs) => {
    const today = Math.floor(afterMs / DAY_MS) * DAY_MS;
    for (let day = today; day <= today + HORIZON_DAYS * DAY_MS; day += DAY_MS) {
      if (!matcher.match(new Date(day + firstOfDayMs))) continue;
      const offset = day === today ? timeOfDay(afterMs - day) : firstOfDayMs;
      if (offset !== undefined) return day + offset;
    }
    return null;
  };
}

const timeMs = (hours: number, minutes: number, seconds: number): number => ((hours * 60 + minutes) * 60 + seconds) * 1000;
