/** Numbers of the job queue that nobody needs to configure. */
export const jobSettings = {
  /** Jobs handed out in one answer; the agent asks again when it has done some. */
  maxListed: 200,
  /** Pause after the first failed attempt; doubles with each. */
  firstPauseMs: 2000,
  maxPauseMs: 10 * 60_000,
  /** Ended jobs stay this long, so that a report which is repeated is still understood. */
  keepEndedMs: 24 * 3_600_000,
  /** A device that gave up on a pack for good is not asked for the same one again for so long. */
  avoidAfterFailureMs: 10 * 60_000,
} as const;

export const pauseAfter = (attempt: number): number =>
  Math.min(jobSettings.maxPauseMs, jobSettings.firstPauseMs * 2 ** Math.max(0, attempt - 1));
