/** Tunables of audits on a device, with the reason for each number. */
export const auditLimits = {
  /** Reading for audits and scrubs: a third of a slow disk, so that the person at the machine notices nothing. */
  auditBytesPerSecond: 60_000_000,
  /** Answers are sent so often: an answer that waits for a large batch could come too late. */
  answersPerCall: 8,
  /** Challenges are sent in calls of so many packs. */
  packsPerCall: 50,
  /** Reading own packs for challenges: soon after a backup they are in the page cache, so this bounds processor time. */
  mintBytesPerSecond: 400_000_000,
  /** How often a device asks by itself which of its packs are short of challenges; receipts and backups ask sooner. */
  mintEveryMs: 6 * 3_600_000,
  /** And at most this often: receipts come in crowds. */
  mintAtMostEveryMs: 60_000,
} as const;
