import type { DeviceState } from '#libs/contracts';
import type { DurabilitySettings } from './settings.ts';

/** A device for the breaker: since when it is in its state, and whether a person said so. */
export interface BreakerDevice {
  readonly state: DeviceState;
  readonly stateSinceMs: number;
  readonly marked: boolean;
}

export type BreakerState =
  { readonly open: false } | { readonly open: true; readonly sinceMs: number; readonly reason: string; readonly nextStep: string };

/**
 * Tells an outage from a loss. Opens when more than 30 % of the devices (and at least three) went missing within ten
 * minutes: copying everything to the rest would fill their disks for a power cut. Stays open until enough of them are
 * back or an admin has marked them lost or revoked (marked devices never count).
 */
export function planBreaker(
  previous: BreakerState,
  devices: readonly BreakerDevice[],
  nowMs: number,
  settings: DurabilitySettings,
): BreakerState {
  const counted = devices.filter((d) => !d.marked);
  const gone = counted.filter((d) => d.state === 'missing' || d.state === 'lost');
  const tooMany = (n: number): boolean => n >= settings.breaker.atLeast && n > counted.length * settings.breaker.share;
  if (previous.open) return tooMany(gone.length) ? describe(previous.sinceMs, gone.length, counted.length) : { open: false };
  const recent = gone.filter((d) => nowMs - d.stateSinceMs <= settings.breaker.windowMs);
  return tooMany(recent.length) ? describe(nowMs, gone.length, counted.length) : { open: false };
}

const describe = (sinceMs: number, gone: number, total: number): BreakerState => ({
  open: true,
  sinceMs,
  reason: `Repair stands still: ${gone} of ${total} devices went missing at about the same time. That looks like an outage, not a loss.`,
  nextStep: 'Bring them back online, or mark those that will not return as lost.',
});
