/** Tunables of the scheduler, with the reason for each number. */
export const scheduleTimes = {
  /** Longest sleep at once. A timer stands still while the machine sleeps, so the clock is looked at this often. */
  sliceMs: 30_000,
  /** Noticed later than this, a fire time counts as missed: twice a slice, so a busy event loop is no miss. */
  onTimeToleranceMs: 60_000,
  /** A slice that took this much longer than asked means that the machine slept. */
  wakeJumpMs: 60_000,
  /**
   * A scheduled backup that failed by something that may pass (a disk that is being mounted, a full one, a hook's database that restarts) is tried again after
   * this long, then after twice as long, and so on: most of it is over in minutes.
   */
  retryFirstMs: 5 * 60_000,
  /** Never further apart: what was repaired in the morning is noticed before noon. */
  retryMaxMs: 2 * 3_600_000,
  /** So often for one fire time: with these delays over some eight and a half hours, a night. Then the next fire time is waited for. */
  retries: 8,
  /** No retry so shortly before the next fire time, which would do the same. */
  retryBeforeFireMs: 60_000,
} as const;
