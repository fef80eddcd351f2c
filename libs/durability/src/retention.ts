import type { Policy } from '#libs/contracts';
import { DurabilityError } from './errors.ts';

export type RetentionRules = Policy['retention'];

export interface RetainedSnapshot {
  readonly id: string;
  /** When the coordinator received it: a client's clock decides nothing. */
  readonly receivedAtMs: number;
  readonly partial?: boolean;
  readonly pinned?: boolean;
}

export interface RetentionPlan {
  /** Newest first, each with every rule that keeps it. */
  readonly keep: readonly { readonly id: string; readonly reasons: readonly string[] }[];
  readonly forget: readonly { readonly id: string; readonly reason: string }[];
}

type Period = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';
const periodNames: Record<Period, string> = { hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year' };

/**
 * Which snapshots stay. The newest of each of the last n hours, days, ISO weeks, months and years that have one, in
 * `timeZone`; the last n; those pinned; and always the newest complete one, so that no rule can empty a vault. Snapshots
 * received in the future (`> nowMs`) are kept. Throws `invalid_time_zone`.
 */
export function planRetention(
  snapshots: readonly RetainedSnapshot[],
  rules: RetentionRules,
  options: { readonly nowMs: number; readonly timeZone: string },
): RetentionPlan {
  const keyOf = periodKeys(options.timeZone);
  const sorted = [...snapshots].sort((a, b) => b.receivedAtMs - a.receivedAtMs || (a.id < b.id ? 1 : -1));
  const reasons = new Map<string, string[]>();
  const keep = (snapshot: RetainedSnapshot, reason: string): void => {
    reasons.set(snapshot.id, [...(reasons.get(snapshot.id) ?? []), reason]);
  };

  sorted.slice(0, rules.last).forEach((s, at) => keep(s, `one of the last ${rules.last} (number ${at + 1})`));
  for (const period of Object.keys(periodNames) as Period[]) {
    const seen = new Set<string>();
    for (const snapshot of sorted) {
      const key = keyOf(snapshot.receivedAtMs)[period];
      if (seen.has(key)) continue;
      if (seen.size >= rules[period]) break;
      seen.add(key);
      keep(snapshot, `newest of its ${periodNames[period]} (${key})`);
    }
  }
  for (const snapshot of sorted) {
    if (snapshot.pinned) keep(snapshot, 'pinned');
    if (snapshot.receivedAtMs > options.nowMs) keep(snapshot, 'received in the future: clocks were changed');
  }
  const newestComplete = sorted.find((s) => !s.partial) ?? sorted[0];
  if (newestComplete && !reasons.has(newestComplete.id)) keep(newestComplete, 'the newest complete one is never forgotten');
  return {
    keep: sorted.filter((s) => reasons.has(s.id)).map((s) => ({ id: s.id, reasons: reasons.get(s.id)! })),
    forget: sorted.filter((s) => !reasons.has(s.id)).map((s) => ({ id: s.id, reason: 'no rule keeps it' })),
  };
}

function periodKeys(timeZone: string): (atMs: number) => Record<Period, string> {
  let format: Intl.DateTimeFormat;
  try {
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit' } as const;
    format = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', calendar: 'iso8601', ...parts, timeZoneName: 'longOffset' });
  } catch (cause) {
    throw new DurabilityError('invalid_time_zone', `"${timeZone}" is not an IANA time zone`, {
      cause,
      nextStep: 'Use a name such as Europe/Berlin.',
    });
  }
  return (atMs) => {
    const part = Object.fromEntries(format.formatToParts(atMs).map((p) => [p.type, p.value])) as Record<string, string>;
    const year = part.year!.padStart(4, '0');
    const day = `${year}-${part.month}-${part.day}`;
    return {
      // With the offset, the hour that a clock change repeats is two hours.
      hourly: `${day} ${part.hour}h ${part.timeZoneName}`,
      daily: day,
      weekly: isoWeek(Number(part.year), Number(part.month), Number(part.day)),
      monthly: `${year}-${part.month}`,
      yearly: year,
    };
  };
}

/** ISO 8601 week of a civil date: the week belongs to the year of its Thursday. */
export function isoWeek(year: number, month: number, day: number): string {
  const date = new Date(Date.UTC(year, month - 1, day));
  const weekday = date.getUTCDay() || 7;
  date.setUTCDate(date.getUTCDate() + 4 - weekday);
  const weekYear = date.getUTCFullYear();
  const week = Math.ceil(((date.getTime() - Date.UTC(weekYear, 0, 1)) / 86_400_000 + 1) / 7);
  return `${weekYear}-W${String(week).padStart(2, '0')}`;
}
