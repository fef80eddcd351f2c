import { inWords } from './time.ts';

export interface RpoFacts {
  readonly enrolledAtMs: number;
  /** Work up to this moment is in a protected snapshot (coordinator's time), or null when there is none. */
  readonly protectedUpToMs: number | null;
  readonly rpoHours: number;
}

export interface RpoVerdict {
  /** Null before the first deadline of a device that has no protected snapshot yet. */
  readonly met: boolean | null;
  /** When the promise breaks, or broke. */
  readonly dueAtMs: number;
  readonly reason: string;
}

/** The promise "a protected snapshot is never older than `rpoHours`". A new device has that long for its first one. */
export function evaluateRpo(facts: RpoFacts, nowMs: number): RpoVerdict {
  const dueAtMs = (facts.protectedUpToMs ?? facts.enrolledAtMs) + facts.rpoHours * 3_600_000;
  if (facts.protectedUpToMs === null)
    return nowMs < dueAtMs
      ? { met: null, dueAtMs, reason: `No protected backup yet; the first is due in ${inWords(dueAtMs - nowMs)}.` }
      : { met: false, dueAtMs, reason: `No protected backup since it enrolled ${inWords(nowMs - facts.enrolledAtMs)} ago.` };
  const ageMs = Math.max(0, nowMs - facts.protectedUpToMs);
  return nowMs <= dueAtMs
    ? { met: true, dueAtMs, reason: `The newest protected backup is ${inWords(ageMs)} old.` }
    : {
        met: false,
        dueAtMs,
        reason: `The newest protected backup is ${inWords(ageMs)} old; promised are ${inWords(facts.rpoHours * 3_600_000)}.`,
      };
}
