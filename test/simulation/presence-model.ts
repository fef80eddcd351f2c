import type { WorkWeek } from '#libs/durability';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Uniform in [0, 1). */
export type Chance = () => number;

/** A day of a person at a desk: when the laptop is opened and closed, or null: not at all. */
export interface DeskDay {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * People come around half past eight and go around half past five on working days, and stay away on some. Nobody is there on weekends
 * and holidays.
 */
export function deskDay(dayMs: number, week: WorkWeek, dayOff: number, chance: Chance): DeskDay | null {
  const date = new Date(dayMs);
  const weekday = date.getUTCDay() || 7;
  if (!week.workingDays.includes(weekday) || week.holidays.includes(date.toISOString().slice(0, 10))) return null;
  if (chance() < dayOff) return null;
  // The sum of three is bell-shaped enough: hardly anybody comes at six or stays until ten.
  const bell = (): number => chance() + chance() + chance() - 1.5;
  return { fromMs: dayMs + (8.5 + bell()) * HOUR_MS, toMs: dayMs + (17.5 + 1.3 * bell()) * HOUR_MS };
}
