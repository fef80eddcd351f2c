import type { PowerFacts } from '#libs/engine';
import { mannerLimits } from './manner-limits.ts';

/** `backup`: this device's own. `replicate`: taking in packs of others. `background`: reading packs again, making challenges. */
export type Work = 'backup' | 'replicate' | 'background';

export interface MannerFacts {
  readonly nowMs: number;
  /** Null: nobody asked for quiet. */
  readonly pausedUntilMs: number | null;
  readonly power: PowerFacts | null;
  readonly metered: boolean | null;
  /** When the promise (RPO) breaks unless a backup is made; null: nothing to back up. */
  readonly rpoDueAtMs: number | null;
  /** Since the coordinator last confirmed the roster. */
  readonly rosterAgeMs: number;
}

export interface WaitReason {
  readonly code: 'paused' | 'battery' | 'metered' | 'roster_old';
  /** Plain words, as `status` shows them. */
  readonly text: string;
  /** When it ends by itself, if that is known. */
  readonly untilMs: number | null;
}

/** Why some work waits now, or null. What a person asked for by hand (a backup, a restore) and answers to audits never wait. */
export function waitReason(work: Work, facts: MannerFacts): WaitReason | null {
  const { nowMs, pausedUntilMs, power, metered, rosterAgeMs } = facts;
  if (pausedUntilMs !== null && nowMs < pausedUntilMs)
    return { code: 'paused', text: 'paused by "holdfast pause"; "holdfast resume" ends it', untilMs: pausedUntilMs };
  if (power?.onBattery === true && waitsForPower(work, power, facts)) {
    const level = power.percent === null ? 'on battery' : `on battery, ${power.percent} % left`;
    return { code: 'battery', text: `${level}; goes on when it is plugged in`, untilMs: null };
  }
  if (work === 'replicate' && metered === true)
    return { code: 'metered', text: 'the connection is paid by volume; goes on with another one', untilMs: null };
  if (work === 'replicate' && rosterAgeMs > mannerLimits.rosterForWritesMs)
    return { code: 'roster_old', text: 'the coordinator has not been heard for more than 7 days: nothing new is taken in', untilMs: null };
  return null;
}

function waitsForPower(work: Work, power: PowerFacts, { nowMs, rpoDueAtMs }: MannerFacts): boolean {
  // Reading packs again can wait for any socket.
  if (work === 'background') return true;
  if (power.percent === null || power.percent >= mannerLimits.leastBatteryPercent) return false;
  return work !== 'backup' || rpoDueAtMs === null || rpoDueAtMs - nowMs > mannerLimits.deadlineNearMs;
}
