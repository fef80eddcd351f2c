import { inWords } from './time.ts';

/** What a snapshot says of itself: whole folders or pipes that are missing, and how many things could not be read. */
export interface Readings {
  readonly partial: boolean;
  readonly stats: { readonly errors: number };
}

/** How many things that were to be in the snapshot could not be read; 0: it is complete. */
export function unreadOf({ partial, stats }: Readings): number {
  return partial ? Math.max(1, stats.errors) : stats.errors;
}

export interface RpoFacts {
  readonly enrolledAtMs: number;
  /** Work up to this moment is in a protected snapshot that is complete (coordinator's time), or null when there is none. */
  readonly protectedUpToMs: number | null;
  /** The same of protected snapshots that are incomplete: something could not be read. */
  readonly incompleteUpToMs: number | null;
  readonly rpoHours: number;
  /** The policy lets incomplete ones keep the promise. */
  readonly incompleteCounts: boolean;
}

export interface RpoVerdict {
  /** Null before the first deadline of a device that has no protected snapshot yet. */
  readonly met: boolean | null;
  /** When the promise breaks, or broke. */
  readonly dueAtMs: number;
  readonly reason: string;
  /** The promise is not kept, but it would be if incomplete snapshots counted: what could be read is safe. */
  readonly incompleteInTime: boolean;
}

/**
 * The promise "a protected snapshot is never older than `rpoHours`". A new device has that long for its first one. A snapshot in which
 * something could not be read keeps it only where the policy says so: the file that is missed may be the one that is needed.
 */
export function evaluateRpo(facts: RpoFacts, nowMs: number): RpoVerdict {
  const { enrolledAtMs, incompleteUpToMs, incompleteCounts } = facts;
  const rpoMs = facts.rpoHours * 3_600_000;
  const upToMs = incompleteCounts ? later(facts.protectedUpToMs, incompleteUpToMs) : facts.protectedUpToMs;
  const dueAtMs = (upToMs ?? enrolledAtMs) + rpoMs;
  const newerIncomplete = !incompleteCounts && incompleteUpToMs !== null && incompleteUpToMs > (upToMs ?? -1);
  const kind = newerIncomplete ? 'complete protected backup' : 'protected backup';
  const verdict = (met: boolean | null, reason: string): RpoVerdict => {
    const incompleteInTime = met !== true && newerIncomplete && nowMs <= incompleteUpToMs + rpoMs;
    return { met, dueAtMs, incompleteInTime, reason };
  };
  if (upToMs === null)
    return nowMs < dueAtMs
      ? verdict(null, `No ${kind} yet; the first is due in ${spanWords(dueAtMs - nowMs)}.`)
      : verdict(false, `No ${kind} since it enrolled ${spanWords(nowMs - enrolledAtMs)} ago.`);
  const age = spanWords(Math.max(0, nowMs - upToMs));
  return nowMs <= dueAtMs
    ? verdict(true, `The newest ${kind} is ${age} old.`)
    : verdict(false, `The newest ${kind} is ${age} old; promised are ${spanWords(rpoMs)}.`);
}

const later = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));

const HOUR_MS = 3_600_000;

/** In hours up to three days: "1 day old; promised are 1 day" would explain nothing. */
const spanWords = (ms: number): string => (ms >= 2 * HOUR_MS && ms < 72 * HOUR_MS ? `${Math.floor(ms / HOUR_MS)} hours` : inWords(ms));
