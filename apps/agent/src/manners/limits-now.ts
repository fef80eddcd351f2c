import type { LimitHours, LinkLimits, Policy } from '#libs/contracts';
import type { TransferRates } from '#libs/swarm';
import { mannerLimits } from './manner-limits.ts';

const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

/** Day of the week (0 Sunday) and minute of the day in a time zone. */
function localMinute(nowMs: number, timeZone: string): { readonly day: number; readonly minute: number } {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(nowMs);
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  return {
    day: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(of('weekday')),
    minute: Number(of('hour')) * 60 + Number(of('minute')),
  };
}

function applies({ days, from, to }: LimitHours, { day, minute }: { readonly day: number; readonly minute: number }): boolean {
  const [start, end] = [minutes(from), minutes(to)];
  if (start === end) return days.includes(day);
  if (start < end) return days.includes(day) && minute >= start && minute < end;
  // Past midnight: the morning belongs to the day on which it began.
  return (days.includes(day) && minute >= start) || (days.includes((day + 6) % 7) && minute < end);
}

/**
 * The rates that hold at this moment: the policy's, those of the hour, and next to nothing on a connection that is paid by
 * volume. That holds for the local network too: a private address may be at the other end of a VPN over that connection.
 */
export function limitsNow(policy: Pick<Policy, 'limits' | 'schedule'>, nowMs: number, metered: boolean | null): TransferRates {
  const { limits, schedule } = policy;
  const { hours = [] } = limits;
  const local = hours.length === 0 ? null : localMinute(nowMs, schedule.timeZone);
  const fitting = local ? hours.find((entry) => applies(entry, local)) : undefined;
  const { lan, relay } = { ...named(limits), ...named(fitting) };
  const allowed = metered === true ? mannerLimits.meteredBytesPerSecond : null;
  return {
    ...within(fitting ?? limits, allowed),
    ...(lan && { lan: within(lan, allowed) }),
    ...(relay && { relay: within(relay, allowed) }),
  };
}

/** The links of which something is said: an hour that names one leaves the others as they are. */
function named({ lan, relay }: { readonly lan?: LinkLimits | undefined; readonly relay?: LinkLimits | undefined } = {}) {
  return { ...(lan && { lan }), ...(relay && { relay }) };
}

function within({ uploadBytesPerSecond, downloadBytesPerSecond }: LinkLimits, allowed: number | null): LinkLimits {
  const least = (rate: number | null): number | null => (allowed === null ? rate : Math.min(rate ?? Infinity, allowed));
  return { uploadBytesPerSecond: least(uploadBytesPerSecond), downloadBytesPerSecond: least(downloadBytesPerSecond) };
}
