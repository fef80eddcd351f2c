/** Tunables of the scheduler, with the reason for each number. */
export const scheduleTimes = {
  /** Longest sleep at once. A timer stands still while the machine sleeps, so the clock is looked at this often. */
  sliceMs: 30_000,
  /** Noticed later than this, a fire time counts as missed: twice a slice, so a busy event loop is no miss. */
  onTimeToleranceMs: 60_000,
  /** A slice that took this much longer than asked means that the machine slept. */
  wakeJumpMs: 60_000,
} as const;
