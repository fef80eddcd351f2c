const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** `just now`, `5 min ago`, `yesterday`, `in 3 h`: how long before or after `nowMs`. */
export function relativeTime(atMs: number, nowMs: number): string {
  const distance = Math.abs(nowMs - atMs);
  if (distance < 45_000) return 'just now';
  const [value, unit] =
    distance < 50 * minute
      ? [Math.max(1, Math.round(distance / minute)), 'min']
      : distance < 22 * hour
        ? [Math.max(1, Math.round(distance / hour)), 'h']
        : [Math.max(1, Math.round(distance / day)), 'day'];
  if (unit === 'day' && value === 1) return atMs < nowMs ? 'yesterday' : 'tomorrow';
  const words = unit === 'day' ? `${value} days` : `${value} ${unit}`;
  return atMs < nowMs ? `${words} ago` : `in ${words}`;
}

/** Day and minute in the viewer's zone (or the given one): `Mon 3 Nov 2025, 18:05`. */
export function absoluteTime(atMs: number, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    ...(timeZone === undefined ? {} : { timeZone }),
  }).format(atMs);
}

export function clockTime(atMs: number, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', ...(timeZone === undefined ? {} : { timeZone }) }).format(
    atMs,
  );
}

/** For a name: `2025-11-03`, in the viewer's zone (or the given one). */
export function calendarDay(atMs: number, timeZone?: string): string {
  return new Intl.DateTimeFormat('sv-SE', { ...(timeZone === undefined ? {} : { timeZone }) }).format(atMs);
}

/** The zone in which the panel shows times. */
export const viewerTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
