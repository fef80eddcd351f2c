import type { CronExpression } from './cron-expression.ts';

interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function wallTime(atMs: number, timeZone: string): WallTime {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(atMs).map((part) => [part.type, Number(part.value)]));
  return {
    year: parts['year']!,
    month: parts['month']!,
    day: parts['day']!,
    hour: parts['hour']!,
    minute: parts['minute']!,
    second: parts['second']!,
  };
}

const asUtc = (wall: WallTime): number => Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second);

/** The instant at which clocks of the zone show `wall`, or undefined when they skip it (summer time begins). The first one when shown twice. */
function instantOf(wall: WallTime, timeZone: string): number | undefined {
  const guess = asUtc(wall);
  const offsets = [guess - 86_400_000, guess, guess + 86_400_000].map((at) => asUtc(wallTime(at, timeZone)) - at);
  const hits = offsets.map((offset) => guess - offset).filter((at) => asUtc(wallTime(at, timeZone)) === guess);
  return hits.length === 0 ? undefined : Math.min(...hits);
}

/**
 * The next `count` starts after `afterMs`, as on the agent: every field must match, in the given time zone.
 * Gives fewer when there are none within 28 years, after which days of the week repeat (30 February).
 */
export function nextRuns(cron: CronExpression, timeZone: string, afterMs: number, count: number): number[] {
  const found: number[] = [];
  const start = wallTime(afterMs, timeZone);
  for (let dayNumber = -1; dayNumber < 28 * 366 && found.length < count; dayNumber += 1) {
    const date = new Date(Date.UTC(start.year, start.month - 1, start.day + dayNumber));
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
    if (!cron.months.includes(month) || !cron.days.includes(day) || !cron.weekdays.includes(date.getUTCDay())) continue;
    const today: number[] = [];
    for (const hour of cron.hours)
      for (const minute of cron.minutes) {
        const first = instantOf({ year, month, day, hour, minute, second: 0 }, timeZone);
        if (first === undefined || first + 60_000 <= afterMs) continue;
        for (const second of cron.seconds) if (first + second * 1000 > afterMs) today.push(first + second * 1000);
        if (today.length > count + 4) break;
      }
    found.push(...today.toSorted((a, b) => a - b).slice(0, count - found.length));
  }
  return found;
}
