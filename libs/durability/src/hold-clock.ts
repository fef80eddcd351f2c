/**
 * How much time has truly passed, as far as a holder can prove it. A hold is over only by this measure, so that a clock which
 * is set forward shortens nothing; whatever can't be proved makes a hold longer, never shorter.
 */
export interface HoldClock {
  /** Proved milliseconds since the clock was first started. Never goes back. */
  readonly elapsedMs: number;
  /** Both clocks at the last contact with the coordinator, and what was proved then. */
  readonly anchor: { readonly ownMs: number; readonly coordinatorMs: number; readonly elapsedMs: number } | null;
}

export const newHoldClock: HoldClock = { elapsedMs: 0, anchor: null };

/** While the program runs: milliseconds of the monotonic clock since the last call. It can't be set, and stands still in sleep. */
export function advanceByMonotonic(clock: HoldClock, deltaMs: number): HoldClock {
  return deltaMs > 0 ? { ...clock, elapsedMs: clock.elapsedMs + deltaMs } : clock;
}

/**
 * At a contact with the coordinator. Sleep and power-off in between count as much as the device's own clock and the coordinator's
 * agree on: the smaller difference of the two. So one of them may lie as it likes without shortening a hold.
 */
export function advanceByContact(clock: HoldClock, contact: { readonly ownMs: number; readonly coordinatorMs: number }): HoldClock {
  const { anchor } = clock;
  const agreedMs = anchor ? Math.max(0, Math.min(contact.ownMs - anchor.ownMs, contact.coordinatorMs - anchor.coordinatorMs)) : 0;
  const elapsedMs = Math.max(clock.elapsedMs, (anchor?.elapsedMs ?? 0) + agreedMs);
  return { elapsedMs, anchor: { ...contact, elapsedMs } };
}

/** What is left of a hold that began when the clock showed `startedAtElapsedMs`; 0: it is over. */
export function holdLeftMs(clock: HoldClock, startedAtElapsedMs: number, holdMs: number): number {
  return Math.max(0, startedAtElapsedMs + holdMs - clock.elapsedMs);
}
