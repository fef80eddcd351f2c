/** Tunables of the scrub, with the reason for each number. */
export const scrubTimes = {
  /** Every pack is read again this often: disks forget slowly, and two copies rarely rot in one month. */
  everyMs: 30 * 86_400_000,
  /** How often it is looked whether one is due. */
  lookMs: 10 * 60_000,
  /** 1 TB takes 14 hours of a month; the person at the machine notices nothing. */
  bytesPerSecond: 20_000_000,
  /** One that the coordinator asked for, after a failed audit. */
  askedBytesPerSecond: 60_000_000,
  /** How far it is, is written down so often: a restart repeats at most this much reading. */
  savePacks: 32,
} as const;
