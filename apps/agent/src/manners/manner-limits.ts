/** Tunables of a device's manners, with the reason for each number. */
export const mannerLimits = {
  /** Below this charge a laptop on battery does nothing for others, and backs up only when the promise is about to break. */
  leastBatteryPercent: 40,
  /** So long before the promise breaks a backup runs on battery all the same: about as long as a first one takes. */
  deadlineNearMs: 2 * 3_600_000,
  /** On a connection that is paid by volume transfers crawl: a colleague's restore still gets its bytes, a night of it costs 1 GB. */
  meteredBytesPerSecond: 32_000,
  /** A pause without a duration: a working day. One that never ended by itself would be forgotten. */
  pauseMs: 8 * 3_600_000,
  longestPauseMs: 7 * 86_400_000,
  /** How often battery, connection and the time of day are looked at. */
  lookMs: 60_000,
  /** Without a word from the coordinator the last roster is good for so long: to take in what is new, and to give out what is held. */
  rosterForWritesMs: 7 * 86_400_000,
  rosterForReadsMs: 30 * 86_400_000,
} as const;
