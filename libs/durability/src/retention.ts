import type { Policy } from '#libs/contracts';
import { DurabilityError } from './errors.ts';
import { type TimedSnapshot, trustedTimes } from './trusted-times.ts';

export type RetentionRules = Policy['retention'];

export interface RetainedSnapshot extends TimedSnapshot {
  /** Snapshots of different things don't compete: those of the device's whole set, those of each set of named paths. Default ''. */
  readonly group?: string;
  readonly partial?: boolean;
  readonly pinned?: boolean;
  readonly tags?: readonly string[];
}

export interface RetentionPlan {
  /** Newest first, each with every rule that keeps it. */
  readonly keep: readonly { readonly sequence: number; readonly reasons: readonly string[] }[];
  readonly forget: readonly { readonly sequence: number; readonly reason: string }[];
}

type Period = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';
const periodNames: Record<Period, string> = { hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year' };
const dayMs = 86_400_000;
/** `withinDays` counts back from the newest snapshot; one that stands this far ahead of the one before it is a jumped clock, not a newest snapshot. */
const lonelyAheadMs = 31 * dayMs;

interface Timed extends RetainedSnapshot {
  readonly timeMs: number;
}

/**
 * Which snapshots stay, each group by itself. The last n; the newest of each of the last n hours, days, ISO weeks, months and
 * years that have one, in `timeZone`; all within `withinDays` of the newest; those pinned or with a tag to keep.
 *
 * Two rules are above all others: the newest complete snapshot of a group is never forgotten, so no rule can empty a vault; and
 * the newest of the whole vault isn't, since the next one takes its number from it. Partial snapshots have places of their own
 * (in periods without a complete one), so they never take one from a complete snapshot. Times are {@link trustedTimes}: the
 * present moment plays no part but as a bound for `withinDays`, so no clock that jumped makes this forget. Throws `invalid_time_zone`.
 */
export function planRetention(
  snapshots: readonly RetainedSnapshot[],
  rules: RetentionRules,
  options: { readonly nowMs: number; readonly timeZone: string },
): RetentionPlan {
  const keyOf = periodKeys(options.timeZone);
  const times = trustedTimes(snapshots);
  const sorted: Timed[] = snapshots.map((s) => ({ ...s, timeMs: times.get(s.sequence)! })).sort((a, b) => b.sequence - a.sequence);
  const reasons = new Map<number, string[]>();
  const keep = ({ sequence }: RetainedSnapshot, reason: string): void => {
    reasons.set(sequence, [...(reasons.get(sequence) ?? []), reason]);
  };
  for (const group of Map.groupBy(sorted, (s) => s.group ?? '').values()) {
    const complete = group.filter((s) => !s.partial);
    keepByCount(complete, rules, keyOf, keep, new Set());
    const covered = new Set(complete.flatMap((s) => Object.entries(keyOf(s.timeMs)).map(([period, key]) => `${period} ${key}`)));
    keepByCount(
      group.filter((s) => s.partial),
      rules,
      keyOf,
      (s, reason) => keep(s, `${reason}, incomplete`),
      covered,
    );
    keepWithin(group, rules.withinDays ?? 0, options.nowMs, keep);
    const newest = complete[0] ?? group[0]!;
    if (!reasons.has(newest.sequence))
      keep(newest, newest.partial ? 'the newest is never forgotten' : 'the newest complete one is never forgotten');
  }
  const tags = new Set(rules.tags);
  for (const snapshot of sorted) {
    if (snapshot.pinned) keep(snapshot, 'pinned');
    const tag = snapshot.tags?.find((one) => tags.has(one));
    if (tag !== undefined) keep(snapshot, `tagged ${tag}`);
  }
  if (sorted[0] && !reasons.has(sorted[0].sequence)) keep(sorted[0], 'the newest of all is never forgotten');
  return {
    keep: sorted.filter((s) => reasons.has(s.sequence)).map(({ sequence }) => ({ sequence, reasons: reasons.get(sequence)! })),
    forget: sorted.filter((s) => !reasons.has(s.sequence)).map(({ sequence }) => ({ sequence, reason: 'no rule keeps it' })),
  };
}

/** `sorted`: newest first. Periods in `covered` are passed by. */
function keepByCount(
  sorted: readonly Timed[],
  rules: RetentionRules,
  keyOf: (atMs: number) => Record<Period, string>,
  keep: (snapshot: Timed, reason: string) => void,
  covered: ReadonlySet<string>,
): void {
  sorted.slice(0, rules.last).forEach((s, at) => keep(s, `one of the last ${rules.last} (number ${at + 1})`));
  for (const period of Object.keys(periodNames) as Period[]) {
    const seen = new Set<string>();
    for (const snapshot of sorted) {
      const key = keyOf(snapshot.timeMs)[period];
      if (seen.has(key) || covered.has(`${period} ${key}`)) continue;
      if (seen.size >= rules[period]) break;
      seen.add(key);
      keep(snapshot, `newest of its ${periodNames[period]} (${key})`);
    }
  }
}

function keepWithin(sorted: readonly Timed[], days: number, nowMs: number, keep: (snapshot: Timed, reason: string) => void): void {
  if (days === 0) return;
  // Newest first: pass by what stands alone in the future of all others.
  const at = sorted.findIndex(
    ({ receivedAtMs, timeMs }, i) => receivedAtMs !== undefined || timeMs - (sorted[i + 1]?.timeMs ?? timeMs) <= lonelyAheadMs,
  );
  const newestMs = sorted[at]?.timeMs ?? nowMs;
  const sinceMs = Math.min(newestMs, nowMs) - days * dayMs;
  for (const snapshot of sorted)
    if (snapshot.timeMs >= sinceMs) keep(snapshot, `within ${days} ${days === 1 ? 'day' : 'days'} of the newest`);
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
