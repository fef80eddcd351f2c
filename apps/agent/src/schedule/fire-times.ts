import { createTask, parse, validate } from 'node-cron';
import { AgentError } from '../errors.ts';
import { instantsOfWallMs, wallMsAt } from './wall-time.ts';

/**
 * When a cron expression fires, as a pure function of time.
 *
 * node-cron reads the expression and decides which wall times match (so `L`, `15W`, `1#2` and names work); its timers
 * are not used, because they count process time: a laptop that sleeps through 18:00 would never learn that it missed it,
 * and a test could not say what time it is.
 *
 * Daylight saving, as cron users expect it: with fixed hours (`30 2 * * *`) a time that the spring change skips fires at
 * the end of the gap, and one that the autumn change repeats fires once. With an hour field of `*` real time counts:
 * nothing is skipped and the repeated hour fires too.
 */
export interface FireTimes {
  /** First fire time after `afterMs`, or undefined when it never fires again within eight years. */
  next(afterMs: number): number | undefined;
  /** Last fire time at or before `atMs`, or undefined when there was none within eight years. */
  previous(atMs: number): number | undefined;
}

const dayMs = 86_400_000;
/** No zone shifts its clock by more than this at once, with room to spare. */
const transitionMs = 3 * 3_600_000;
/** 29 February can be eight years away (around 2100). */
const horizonDays = 366 * 8;

function isCronExpression(expression: string): boolean {
  return expression.trim().split(/\s+/).length <= 6 && validate(expression);
}

/** Throws `schedule_invalid` for an expression that node-cron can't read or an unknown time zone. */
export function fireTimes(expression: string, timeZone: string): FireTimes {
  if (!isCronExpression(expression)) throw invalid(`"${expression}" is not a cron expression`);
  try {
    wallMsAt(0, timeZone);
  } catch (cause) {
    throw invalid(`"${timeZone}" is not a time zone`, cause);
  }
  const fields = parse(expression);
  const matcher = createTask(expression, () => undefined, { timezone: 'UTC' });
  const everyHour = fields.hour.length === 24;
  const [second0, minute0, hour0] = [fields.second[0]!, fields.minute[0]!, fields.hour[0]!];
  const timesOfDay = fields.hour.length * fields.minute.length * fields.second.length;

  const dayMatches = (wallDayMs: number): boolean => matcher.match(new Date(wallDayMs + (hour0 * 3600 + minute0 * 60 + second0) * 1000));

  const timeOfDayMs = (index: number): number => {
    const second = fields.second[index % fields.second.length]!;
    const rest = Math.floor(index / fields.second.length);
    const minute = fields.minute[rest % fields.minute.length]!;
    const hour = fields.hour[Math.floor(rest / fields.minute.length)]!;
    return (hour * 3600 + minute * 60 + second) * 1000;
  };

  /** Index of the first time of day at or after `offsetMs`. */
  const firstIndexFrom = (offsetMs: number): number => {
    let [low, high] = [0, timesOfDay];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (timeOfDayMs(middle) < offsetMs) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  function* wallTimesFrom(startWallMs: number): Generator<number> {
    const firstDay = Math.floor(startWallMs / dayMs) * dayMs;
    for (let day = 0; day <= horizonDays; day += 1) {
      const dayStart = firstDay + day * dayMs;
      if (!dayMatches(dayStart)) continue;
      for (let i = day === 0 ? firstIndexFrom(startWallMs - dayStart) : 0; i < timesOfDay; i += 1) yield dayStart + timeOfDayMs(i);
    }
  }

  function* wallTimesBackFrom(startWallMs: number): Generator<number> {
    const firstDay = Math.floor(startWallMs / dayMs) * dayMs;
    for (let day = 0; day <= horizonDays; day += 1) {
      const dayStart = firstDay - day * dayMs;
      if (!dayMatches(dayStart)) continue;
      for (let i = (day === 0 ? firstIndexFrom(startWallMs - dayStart + 1) : timesOfDay) - 1; i >= 0; i -= 1)
        yield dayStart + timeOfDayMs(i);
    }
  }

  const instantsOf = (wallMs: number): readonly number[] => {
    const { instants, inGap } = instantsOfWallMs(wallMs, timeZone);
    if (everyHour) return inGap ? [] : instants;
    return instants.slice(0, 1);
  };

  const changesNear = (atMs: number): boolean =>
    wallMsAt(atMs - transitionMs, timeZone) + transitionMs !== wallMsAt(atMs + transitionMs, timeZone) - transitionMs;

  return {
    next(afterMs) {
      const near = changesNear(afterMs) ? transitionMs : 0;
      let best: number | undefined;
      for (const wallMs of wallTimesFrom(wallMsAt(afterMs, timeZone) - near)) {
        const instants = instantsOf(wallMs);
        for (const at of instants) if (at > afterMs && (best === undefined || at < best)) best = at;
        // Wall times and instants run in the same order but within one clock change.
        if (best !== undefined && (instants[0] ?? 0) >= best && (near === 0 || (instants[0] ?? 0) > best + near)) return best;
      }
      return best;
    },
    previous(atMs) {
      const near = changesNear(atMs) ? transitionMs : 0;
      let best: number | undefined;
      for (const wallMs of wallTimesBackFrom(wallMsAt(atMs, timeZone) + near)) {
        const instants = instantsOf(wallMs);
        for (const at of instants) if (at <= atMs && (best === undefined || at > best)) best = at;
        if (best !== undefined && (near === 0 || (instants.at(-1) ?? Number.POSITIVE_INFINITY) < best - near)) return best;
      }
      return best;
    },
  };
}

function invalid(message: string, cause?: unknown): AgentError {
  return new AgentError('schedule_invalid', message, {
    cause,
    nextStep: 'Correct the schedule in the policy: five or six cron fields and an IANA time zone such as Europe/Berlin.',
  });
}
