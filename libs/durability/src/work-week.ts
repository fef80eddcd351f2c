import { DurabilityError } from './errors.ts';
import { everyHour, type WorkCalendar } from './time.ts';

/** The hours in which a team works. */
export interface WorkWeek {
  /** IANA name. */
  readonly timeZone: string;
  /** Days of the week, 1 (Monday) to 7 (Sunday); at least one. */
  readonly workingDays: readonly number[];
  /** Hours of the day by the clock on the wall, 0 ≤ from < to ≤ 24. */
  readonly fromHour: number;
  readonly toHour: number;
  /** Days on which nobody is expected, `2026-12-25`: no silence of any kind counts. */
  readonly holidays: readonly string[];
}

/** Monday to Friday, 8 to 18: what a team starts with, until somebody sets zone and holidays. */
export const officeWeek: WorkWeek = { timeZone: 'UTC', workingDays: [1, 2, 3, 4, 5], fromHour: 8, toHour: 18, holidays: [] };

/** What counts as silence, for each kind of threshold. */
export interface Calendars {
  /** Every hour of every day: for anchors, and for naps. */
  readonly always: WorkCalendar;
  /** Working hours of working days. */
  readonly hours: WorkCalendar;
  /** All 24 hours of working days. */
  readonly days: WorkCalendar;
  /** Everything but holidays. */
  readonly ordinary: WorkCalendar;
}

export const everyHourCounts: Calendars = { always: everyHour, hours: everyHour, days: everyHour, ordinary: everyHour };

/** Applies one change (such as leaving a span out) to all of them. */
export const mapCalendars = (calendars: Calendars, change: (calendar: WorkCalendar) => WorkCalendar): Calendars => ({
  always: change(calendars.always),
  hours: change(calendars.hours),
  days: change(calendars.days),
  ordinary: change(calendars.ordinary),
});

/**
 * Calendars of a work week; every hour counts when there is none. Daylight saving is that of the zone: a working day of ten hours
 * has ten, a whole day has 23 or 25 when the clocks change. Build it once and keep it: it remembers the days that it worked out.
 * Throws `calendar_invalid`, `invalid_time_zone`.
 */
export function workCalendars(week: WorkWeek | null): Calendars {
  if (week === null) return everyHourCounts;
  check(week);
  const midnights = new Midnights(week.timeZone);
  const holidays = new Set(week.holidays.map(civilDay));
  const works = (day: number): boolean => week.workingDays.includes(weekdayOf(day)) && !holidays.has(day);
  const hour = (day: number, of: number): number => (of === 24 ? midnights.at(day + 1) : midnights.at(day, of));
  return {
    always: everyHour,
    hours: new DaysCalendar(midnights, (day) => (works(day) ? [hour(day, week.fromHour), hour(day, week.toHour)] : undefined)),
    days: new DaysCalendar(midnights, (day) => (works(day) ? [midnights.at(day), midnights.at(day + 1)] : undefined)),
    ordinary: new DaysCalendar(midnights, (day) => (holidays.has(day) ? undefined : [midnights.at(day), midnights.at(day + 1)])),
  };
}

function check({ workingDays, fromHour, toHour, holidays }: WorkWeek): void {
  const wrong = (what: string): never => {
    throw new DurabilityError('calendar_invalid', `The work week ${what}.`, {
      nextStep: 'Name weekdays from 1 (Monday) to 7, hours from 0 to 24, and holidays such as 2026-12-25.',
    });
  };
  if (workingDays.length === 0 || workingDays.some((day) => !Number.isInteger(day) || day < 1 || day > 7))
    wrong('needs days from 1 to 7, at least one');
  if (!(fromHour >= 0 && fromHour < toHour && toHour <= 24)) wrong('needs hours that begin before they end');
  for (const text of holidays) if (Number.isNaN(civilDay(text))) wrong(`has "${text}" as a holiday, which is no date`);
}

const DAY_MS = 86_400_000;
/** Days since 1970-01-01 of a civil date; NaN when it is none. */
function civilDay(text: string): number {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day));
  return new Date(ms).getUTCDate() === Number(day) ? ms / DAY_MS : Number.NaN;
}
/** 1970-01-01 was a Thursday (4). */
const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;

/** Moments at which an hour of a civil day begins in a zone. */
class Midnights {
  readonly #format: Intl.DateTimeFormat;
  readonly #known = new Map<number, number>();

  constructor(timeZone: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' });
    } catch (cause) {
      throw new DurabilityError('invalid_time_zone', `"${timeZone}" is not an IANA time zone`, {
        cause,
        nextStep: 'Use a name such as Europe/Berlin.',
      });
    }
  }

  at(day: number, hour = 0): number {
    const key = day * 24 + hour;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const wall = key * 3_600_000;
    // The offset of the moment itself; a second look settles the hours around a change of the clocks.
    let moment = wall - this.#offsetMs(wall);
    moment = wall - this.#offsetMs(moment);
    this.#known.set(key, moment);
    return moment;
  }

  #offsetMs(atMs: number): number {
    const name = this.#format.formatToParts(atMs).find((part) => part.type === 'timeZoneName')!.value;
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
    const ms = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
    return sign === '-' ? -ms : ms;
  }
}

/** As far as a calendar looks ahead: longer than any threshold, and an end for one that has only holidays to come. */
const FAR_DAYS = 10 * 366;

/** A calendar made of at most one span a civil day, with running sums so that a question costs a look-up and not a walk. */
class DaysCalendar implements WorkCalendar {
  readonly #midnights: Midnights;
  readonly #spanOf: (day: number) => readonly [number, number] | undefined;
  /** Day → what counted before it, from `#first` on. */
  readonly #before: number[] = [0];
  #first: number | undefined;

  constructor(midnights: Midnights, spanOf: (day: number) => readonly [number, number] | undefined) {
    this.#midnights = midnights;
    this.#spanOf = spanOf;
  }

  elapsedMs(fromMs: number, toMs: number): number {
    return toMs <= fromMs ? 0 : this.#countedAt(toMs) - this.#countedAt(fromMs);
  }

  whenElapsed(fromMs: number, countMs: number): number {
    if (countMs <= 0) return fromMs;
    const goal = this.#countedAt(fromMs) + countMs;
    let day = this.#dayOf(fromMs);
    const last = day + FAR_DAYS;
    while (day < last && this.#sum(day + 1) < goal) day += 1;
    const span = this.#spanOf(day);
    return span === undefined ? this.#midnights.at(last) : span[0] + (goal - this.#sum(day));
  }

  #countedAt(atMs: number): number {
    const day = this.#dayOf(atMs);
    const span = this.#spanOf(day);
    const today = span === undefined ? 0 : Math.min(Math.max(atMs - span[0], 0), span[1] - span[0]);
    return this.#sum(day) + today;
  }

  /** What counted before a day. */
  #sum(day: number): number {
    let first = (this.#first ??= day);
    for (; day < first; first -= 1) this.#before.unshift(this.#before[0]! - this.#lengthOf(first - 1));
    this.#first = first;
    for (let next = first + this.#before.length; next <= day; next += 1) this.#before.push(this.#before.at(-1)! + this.#lengthOf(next - 1));
    return this.#before[day - first]!;
  }

  #lengthOf(day: number): number {
    const span = this.#spanOf(day);
    return span === undefined ? 0 : span[1] - span[0];
  }

  #dayOf(atMs: number): number {
    let day = Math.floor(atMs / DAY_MS);
    while (this.#midnights.at(day) > atMs) day -= 1;
    while (this.#midnights.at(day + 1) <= atMs) day += 1;
    return day;
  }
}
