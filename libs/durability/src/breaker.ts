import type { DeviceState } from '#libs/contracts';
import type { DurabilitySettings } from './settings.ts';

/** A device for the breaker: since when it is in its state, when it was last heard of, and whether a person said so. */
export interface BreakerDevice {
  readonly state: DeviceState;
  readonly stateSinceMs: number;
  readonly lastSeenAtMs: number | null;
  readonly marked: boolean;
}

export type BreakerState =
  | { readonly open: false }
  | {
      readonly open: true;
      readonly sinceMs: number;
      /** Since when enough are back; null: they are not. */
      readonly calmSinceMs: number | null;
      readonly reason: string;
      readonly nextStep: string;
    };

/**
 * Tells an outage from a loss. Opens when more than 30 % of the devices (and at least three) are doubted or gone that fell silent, or
 * were found so, within ten minutes of each other: copying everything to the rest would fill their disks for a power cut. Stays open
 * until all of them are back, or enough of them have been for a day (the rest may come tomorrow), or an admin has marked the rest lost
 * or revoked (marked devices never count).
 */
export function planBreaker(
  previous: BreakerState,
  devices: readonly BreakerDevice[],
  nowMs: number,
  settings: DurabilitySettings,
): BreakerState {
  const counted = devices.filter((d) => !d.marked);
  const away = counted.filter((d) => d.state === 'suspect' || d.state === 'missing' || d.state === 'lost');
  const { windowMs, share, atLeast, graceMs } = settings.breaker;
  const tooMany = (n: number): boolean => n >= atLeast && n > counted.length * share;
  if (previous.open) {
    if (tooMany(away.length)) return describe(previous.sinceMs, null, away.length, counted.length);
    const calmSinceMs = previous.calmSinceMs ?? nowMs;
    if (away.length === 0 || nowMs - calmSinceMs >= graceMs) return { open: false };
    return describe(previous.sinceMs, calmSinceMs, away.length, counted.length);
  }
  const found = away.filter((d) => nowMs - d.stateSinceMs <= windowMs).length;
  const atOnce = mostWithin(
    away.flatMap((d) => d.lastSeenAtMs ?? []),
    windowMs,
  );
  return tooMany(found) || tooMany(atOnce) ? describe(nowMs, null, away.length, counted.length) : { open: false };
}

/** The most of these moments that lie within one window. */
function mostWithin(moments: readonly number[], windowMs: number): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  sorted.forEach((moment, at) => {
    while (moment - sorted[first]! > windowMs) first += 1;
    most = Math.max(most, at - first + 1);
  });
  return most;
}

const describe = (sinceMs: number, calmSinceMs: number | null, gone: number, total: number): BreakerState => ({
  open: true,
  sinceMs,
  calmSinceMs,
  reason:
    calmSinceMs === null
      ? `Repair stands still: ${gone} of ${total} devices went missing at about the same time. That looks like an outage, not a loss.`
      : `Repair waits a day for the last ${gone} of ${total} devices after an outage; most of them are back.`,
  nextStep: 'Bring them back online, or mark those that will not return as lost.',
});
