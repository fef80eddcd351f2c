/**
 * Wall time as a number: the milliseconds that a UTC clock would show the same digits at. Lets calendar arithmetic be
 * done without a zone, and converted at the edges.
 */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  let found = formatters.get(timeZone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timeZone, found);
  }
  return found;
}

/** The wall clock of `timeZone` at the instant `atMs`. Throws RangeError for an unknown zone. */
export function wallMsAt(atMs: number, timeZone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatter(timeZone).formatToParts(atMs)) parts[type] = Number(value);
  const wallSecond = Date.UTC(parts['year']!, parts['month']! - 1, parts['day'], parts['hour'], parts['minute'], parts['second']);
  return wallSecond + (((atMs % 1000) + 1000) % 1000);
}

/**
 * The instants at which `timeZone` shows `wallMs`: one as a rule, two when the hour repeats, and for a time that a
 * change skips the end of the gap (`inGap`).
 */
export function instantsOfWallMs(wallMs: number, timeZone: string): { readonly instants: readonly number[]; readonly inGap: boolean } {
  // Zones lie within 15 hours of UTC: the offsets on both sides of any change near `wallMs` are among these two.
  const before = wallMsAt(wallMs - 15 * 3_600_000, timeZone) - (wallMs - 15 * 3_600_000);
  const after = wallMsAt(wallMs + 15 * 3_600_000, timeZone) - (wallMs + 15 * 3_600_000);
  const candidates = before === after ? [wallMs - before] : [wallMs - before, wallMs - after].sort((a, b) => a - b);
  const instants = candidates.filter((at) => wallMsAt(at, timeZone) === wallMs);
  if (instants.length > 0) return { instants, inGap: false };
  return { instants: [changeBetween(wallMs - 15 * 3_600_000, wallMs + 15 * 3_600_000, before, timeZone)], inGap: true };
}

/** The instant at which the offset stops being `offsetBefore`, by bisection to the second. */
function changeBetween(fromMs: number, toMs: number, offsetBefore: number, timeZone: string): number {
  let [low, high] = [Math.floor(fromMs / 1000), Math.ceil(toMs / 1000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (wallMsAt(middle * 1000, timeZone) - middle * 1000 === offsetBefore) low = middle;
    else high = middle;
  }
  return high * 1000;
}
