/** Tunables of the daemon's loops, with the reason for each number. */
export const daemonTimes = {
  /** Until the coordinator says how often it wants to hear. */
  firstHeartbeatMs: 60_000,
  /** Never more often, whatever it says. */
  leastHeartbeatMs: 1_000,
  /** A coordinator that does not answer is tried again this soon. */
  retryHeartbeatMs: 15_000,
  /** First and longest delay until what a hint asked for is tried again after a failure. */
  retryFirstMs: 2_000,
  retryMaxMs: 300_000,
  /** How often the owner asks what became of its copies: `status` may be so far behind the coordinator, which has to look through all of them. */
  copiesMs: 30 * 60_000,
  /** How often a start looks whether a command has let go of the home. */
  lockRetryMs: 300,
  /** What the last word to the coordinator may take. */
  leavingMs: 1_500,
  /** A stop that takes longer is cut off: everything is safe against a crash. */
  stopMs: 4_500,
} as const;
