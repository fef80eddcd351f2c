/** How much of a span of time counts: every hour, working hours (so that a weekend is no silence), all but holidays. */
export interface WorkCalendar {
  /** Counting milliseconds in [fromMs, toMs); 0 when `toMs` is earlier. */
  elapsedMs(fromMs: number, toMs: number): number;
  /** The moment at which `elapsedMs(fromMs, moment)` first reaches `countMs`. */
  whenElapsed(fromMs: number, countMs: number): number;
}

/** Every hour of every day counts. */
export const everyHour: WorkCalendar = {
  elapsedMs: (fromMs, toMs) => Math.max(0, toMs - fromMs),
  whenElapsed: (fromMs, countMs) => fromMs + countMs,
};

/** `base` without one span of time: what happened in it says nothing of any device. */
export function without(startMs: number, endMs: number, base: WorkCalendar = everyHour): WorkCalendar {
  if (endMs <= startMs) return base;
  return {
    elapsedMs: (fromMs, toMs) => base.elapsedMs(fromMs, toMs) - base.elapsedMs(Math.max(fromMs, startMs), Math.min(toMs, endMs)),
    whenElapsed: (fromMs, countMs) => {
      if (fromMs >= endMs) return base.whenElapsed(fromMs, countMs);
      const beforeMs = base.elapsedMs(fromMs, startMs);
      return countMs <= beforeMs ? base.whenElapsed(fromMs, countMs) : base.whenElapsed(endMs, countMs - beforeMs);
    },
  };
}

const units: readonly [number, string][] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
];

/** "3 days", "1 hour": the largest unit that fits, rounded down. */
export function inWords(durationMs: number): string {
  for (const [sizeMs, name] of units) {
    const n = Math.floor(durationMs / sizeMs);
    if (n >= 1) return `${n} ${name}${n === 1 ? '' : 's'}`;
  }
  return 'a moment';
}
