/** How much of a span of time counts. A calendar of working hours (so that a weekend is no silence) fits in here. */
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

/** Every hour but those of one span. */
export function without(startMs: number, endMs: number): WorkCalendar {
  const overlapMs = (fromMs: number, toMs: number): number => Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, startMs));
  return {
    elapsedMs: (fromMs, toMs) => Math.max(0, toMs - fromMs) - overlapMs(fromMs, toMs),
    whenElapsed: (fromMs, countMs) => {
      const beforeMs = Math.max(0, startMs - fromMs);
      return countMs <= beforeMs ? fromMs + countMs : fromMs + countMs + overlapMs(fromMs, Number.MAX_SAFE_INTEGER);
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
